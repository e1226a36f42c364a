/** What cuts the texts of a recipe into pieces: WordPiece for BERT, the unigram vocabulary of the public sentence encoder for that. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import {
  openWordPiece,
  parseVocabulary,
  sentenceEncoderFiles,
  sentenceEncoderName,
  vocabularyFile,
  WordPiece,
} from '@surge-bnn/data';
import type { TextTokenizer } from '@surge-bnn/data';
import { Unigram } from '@surge-bnn/language';
import type { LanguageSpec } from '../../recipe/language.js';
import type { Recipe } from '../../recipe/schema.js';

type VocabularySpec = Pick<LanguageSpec, 'vocabulary' | 'lowerCase'>;

/** What an error says where the public sentence encoder is not there. */
export const encoderAdvice = `; get it with: surge-bnn data fetch ${sentenceEncoderName}`;

/** @throws InputError for a vocabulary that is not there or is none. */
export async function openTokenizer(
  { network, data }: Pick<Recipe, 'network' | 'data'>,
  spec: VocabularySpec & Pick<LanguageSpec, 'start'>,
): Promise<TextTokenizer> {
  if (network.name !== 'sentence-encoder') {
    const { vocabulary, start } = spec;
    const own = typeof start === 'object' && 'folder' in start ? start.folder : undefined;
    // What a folder's weights were trained with, capital letters and all.
    const isOwn = vocabulary === undefined && own !== undefined;
    if (isOwn && existsSync(path.join(own, 'vocab.txt'))) return openWordPiece(own);
    return openVocabulary(spec, data.directory);
  }
  if (!spec.lowerCase) {
    throw new InputError(
      'language.lowerCase is for WordPiece; the sentence encoder takes texts as they are, leave it out',
    );
  }
  return openUnigram(spec, data.directory);
}

/** The vocabulary of a BERT. @throws InputError for one that is not there or is none. */
export async function openVocabulary(
  { vocabulary, lowerCase }: VocabularySpec,
  directory: string | undefined,
): Promise<WordPiece> {
  const file = vocabulary ?? vocabularyFile({ directory });
  const advice =
    vocabulary === undefined ? '; get it with: surge-bnn data fetch bert-vocabulary' : '';
  const text = await read(file, advice);
  return new WordPiece(parseVocabulary(text, file), { lowerCase, name: file });
}

/** The vocabulary of the sentence encoder. @throws InputError for one that is not there or is none. */
export async function openUnigram(
  { vocabulary }: Pick<VocabularySpec, 'vocabulary'>,
  directory: string | undefined,
): Promise<Unigram> {
  const file = vocabulary ?? sentenceEncoderFiles({ directory }).vocabulary;
  const advice = vocabulary === undefined ? encoderAdvice : '';
  const text = await read(file, advice);
  let pieces: unknown;
  try {
    pieces = JSON.parse(text);
  } catch (error) {
    throw new InputError(`the vocabulary ${file} is not valid JSON`, { cause: error });
  }
  // Before the sixth they are markers.
  return new Unigram(pieces, { first: 6, name: file });
}

async function read(file: string, advice: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`the vocabulary ${file} cannot be read: ${reason}${advice}`, {
      cause: error,
    });
  });
}
