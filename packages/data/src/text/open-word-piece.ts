/** The tokenizer of a folder as Hugging Face's code saves one: vocab.txt, and tokenizer_config.json where there is one. Node only. */
import path from 'node:path';
import { readFile } from 'node:fs/promises';
import { badOption, InputError } from '@surge-bnn/contract';
import { errorCode } from '../checked-file.js';
import { parseVocabulary, WordPiece } from '@surge-bnn/runtime/text';

const VOCABULARY = 'vocab.txt';
const CONFIG = 'tokenizer_config.json';

/**
 * `do_lower_case` decides whether texts are made lower case; without it, or without the file, they are, as there.
 *
 * @throws InputError for a folder without a vocabulary, a file that is damaged, and a setting that `WordPiece` has not: accents or Han characters treated otherwise than
 * its rules have it, another kind of tokenizer.
 */
export async function openWordPiece(folder: string): Promise<WordPiece> {
  const file = path.join(folder, VOCABULARY);
  const text = await read(file);
  if (text === undefined) {
    throw new InputError(`${file} is not there; a folder of a BERT's tokenizer has ${VOCABULARY}`);
  }
  const lowerCase = await lowerCaseOf(path.join(folder, CONFIG));
  return new WordPiece(parseVocabulary(text, file), { lowerCase, name: file });
}

async function lowerCaseOf(file: string): Promise<boolean> {
  const text = await read(file);
  if (text === undefined) return true;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InputError(`${file} is not valid JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(`${file} must hold an object, as Hugging Face's code writes it`);
  }
  const config = new Map<string, unknown>(Object.entries(value));
  const lowerCase = config.get('do_lower_case') ?? true;
  if (typeof lowerCase !== 'boolean')
    throw badOption(file, 'do_lower_case', 'true or false', lowerCase);
  const accents = config.get('strip_accents') ?? lowerCase;
  if (accents !== lowerCase) {
    throw badOption(file, 'strip_accents', `as do_lower_case, ${lowerCase}, or left out`, accents);
  }
  const han = config.get('tokenize_chinese_chars') ?? true;
  if (han !== true) throw badOption(file, 'tokenize_chinese_chars', 'true or left out', han);
  const kind = config.get('tokenizer_class') ?? 'BertTokenizer';
  if (kind !== 'BertTokenizer' && kind !== 'BertTokenizerFast') {
    throw badOption(file, 'tokenizer_class', 'BertTokenizer or BertTokenizerFast', kind);
  }
  return lowerCase;
}

/** The file's text, undefined where it is not there. */
async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT') return undefined;
    throw new InputError(`${file} cannot be read (${code})`, { cause });
  }
}
