/** Networks for texts that others have trained: what a training begins with, and a teacher. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { encodeTexts, WordPiece } from '@surge-bnn/data';
import type { TextTokenizer } from '@surge-bnn/data';
import { copyWeights, openBert, sentenceEncoder } from '@surge-bnn/language';
import type { BertHead, TextNetwork } from '@surge-bnn/language';
import { setProgress } from '@surge-bnn/core';
import type { StoredTensor } from '../../checkpoint/safetensors.js';
import { loadWeights } from '../../checkpoint/weights.js';
import { sha256 } from '../../hash.js';
import { parametersOf } from '../../parameters.js';
import type { SourceSpec } from '../../recipe/additions.js';
import { pretrainingOf } from '../../recipe/language.js';
import type { LanguageSpec } from '../../recipe/language.js';
import type { Recipe } from '../../recipe/schema.js';
import { readSource } from '../../source.js';
import { recipeTextNetwork } from './build.js';
import type { RecipeNetwork } from './build.js';
import type { TextData } from './data.js';
import type { Teacher } from './match.js';
import { openPublished } from './published.js';
import { openTokenizer } from './tokenizer.js';

/**
 * Puts the weights that the recipe names into the encoder, and into the pooler where there are some for it; the classifier keeps its initial values unless
 * another run of the same task has one. Nothing where the recipe names none.
 *
 * @returns what they are the sha256 of: the run's weights, or the file.
 * @throws InputError for a run or folder that is not there or is damaged, another vocabulary, or other sizes.
 */
export async function adoptEncoder(
  network: RecipeNetwork,
  { start }: Pick<LanguageSpec, 'start'>,
  data: TextData,
  recipe: Pick<Recipe, 'data'>,
): Promise<string | undefined> {
  if (start === 'random') return undefined;
  if (typeof start === 'object' && 'run' in start) {
    const { network: source, hash, task } = await openRun(start, 'language.start', data);
    const isSame = task !== undefined && task === data.task;
    return copyAndDispose(source, network, hash, (name) => !isSame && isClassifier(name));
  }
  if (start === 'published') {
    const { stored, unigram, where, hash } = await openPublished(recipe.data.directory);
    return copyAndDispose(sentenceEncoder(stored, unigram, where), network, hash);
  }
  const { folder } = start;
  const vocabulary = data.tokenizer.size;
  // A classifier, because the pooler stands before one.
  const behind = { kind: 'classifier', labels: 1 } as const;
  const opened = await openBert(folder, { behind, head: 'new', vocabulary });
  const weights = await readFile(path.join(folder, 'model.safetensors'));
  const { kept } = opened.loaded;
  return copyAndDispose(
    opened.network,
    network,
    sha256(weights),
    (name) => isClassifier(name) || kept.includes(name),
  );
}

const isClassifier = (name: string) => name.startsWith('classifier.');

/** @param leave weights that are not given. */
function copyAndDispose(
  from: TextNetwork,
  to: TextNetwork,
  hash: string,
  leave?: (name: string) => boolean,
): string {
  try {
    copyWeights(from, to, { head: 'new', leave });
    return hash;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`language.start: ${error.message}`, { cause: error });
  } finally {
    from.dispose();
  }
}

/**
 * A teacher: it is never trained. It may be of another kind than the student, and then reads the texts in its own pieces. The caller disposes its network.
 *
 * @throws InputError as `adoptEncoder`, and for one of another task.
 */
export async function openTeacher(
  spec: SourceSpec,
  data: TextData,
): Promise<Teacher & { readonly hash: string }> {
  const where = 'distillation.teacher';
  const { task, network, hash, tokenizer, maxLength } = await openRun(spec, where, data);
  const { set } = data.train;
  if (task === data.task && set !== undefined) {
    if (tokenizer === data.tokenizer) return { network, hash };
    return { network, hash, texts: encodeTexts(set, tokenizer, { maxLength }) };
  }
  network.dispose();
  throw new InputError(
    `${where}: the run in ${spec.run} is of ${task ?? 'pre-training'}, this one of ${data.task ?? 'pre-training'}; a teacher must have learned the same task`,
  );
}

interface OpenedRun {
  readonly network: RecipeNetwork;
  readonly hash: string;
  /** Undefined for pre-training. */
  readonly task: string | undefined;
  /** The data's own, but for a network of another kind. */
  readonly tokenizer: TextTokenizer;
  readonly maxLength: number;
}

/** The network of another run, with its weights. */
async function openRun(spec: SourceSpec, where: string, data: TextData): Promise<OpenedRun> {
  const { recipe, tensors, hash } = await readSource(spec, where);
  if (recipe.language === undefined) {
    throw new InputError(`${where}: the run in ${spec.run} is not of texts; give one that is`);
  }
  const isMasked = recipe.language.masked !== undefined;
  const readsPieces = recipe.network.name !== 'sentence-encoder';
  const isAlike = readsPieces === data.tokenizer instanceof WordPiece;
  const tokenizer = isAlike ? data.tokenizer : await openTokenizer(recipe, recipe.language);
  const network = recipeTextNetwork(recipe, tokenizer, {
    head: isMasked ? masked : storedHead(tensors, spec.run),
  });
  try {
    loadWeights(parametersOf(network.model), tensors, `the run in ${spec.run}`);
    setProgress(network.model, 1);
    const { maxLength } = recipe.language;
    const task = pretrainingOf(recipe.language) === undefined ? recipe.data.name : undefined;
    return { network, hash, task, tokenizer, maxLength };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

const masked: BertHead = { kind: 'masked' };

/** Its task may be another, with another number of classes. */
function storedHead(tensors: ReadonlyMap<string, StoredTensor>, run: string): BertHead {
  const bias = tensors.get('weights/classifier/bias');
  if (bias !== undefined) return { kind: 'classifier', labels: bias.shape[0] };
  throw new InputError(`the run in ${run} has no classifier`);
}
