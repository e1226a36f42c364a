/** Networks for texts that others have trained: what a training begins with, and a teacher. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { copyWeights, openBert, openSentenceNetwork } from '@surge-bnn/language';
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
import { readPublished } from './published.js';

/**
 * Puts the weights that the recipe names into the encoder; the head keeps its initial values. Nothing where it names none.
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
    const { network: source, hash } = await openRun(start, 'language.start', data);
    return copyAndDispose(source, network, hash);
  }
  if (start === 'published') {
    const { where, bytes } = await readPublished(recipe.data.directory);
    // With the layer behind the mean, which was trained, too.
    const opened = await openSentenceNetwork(where, { behind: { kind: 'vector' } });
    return copyAndDispose(opened.network, network, sha256(bytes));
  }
  const { folder } = start;
  const vocabulary = data.tokenizer.size;
  const opened = await openBert(folder, { behind: { kind: 'none' }, vocabulary });
  const weights = await readFile(path.join(folder, 'model.safetensors'));
  return copyAndDispose(opened.network, network, sha256(weights));
}

function copyAndDispose(from: TextNetwork, to: TextNetwork, hash: string): string {
  try {
    copyWeights(from, to, { head: 'new' });
    return hash;
  } finally {
    from.dispose();
  }
}

/** A teacher: it is never trained. The caller disposes it. @throws InputError as `adoptEncoder`, and for one of another task. */
export async function openTeacher(
  spec: SourceSpec,
  data: TextData,
): Promise<{ readonly network: RecipeNetwork; readonly hash: string }> {
  const where = 'distillation.teacher';
  const { task, network, hash } = await openRun(spec, where, data);
  if (task === data.task) return { network, hash };
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
}

/** The network of another run, with its weights. */
async function openRun(spec: SourceSpec, where: string, data: TextData): Promise<OpenedRun> {
  const { recipe, tensors, hash } = await readSource(spec, where);
  if (recipe.language === undefined) {
    throw new InputError(`${where}: the run in ${spec.run} is not of texts; give one that is`);
  }
  const isMasked = recipe.language.masked !== undefined;
  const network = recipeTextNetwork(recipe, data.tokenizer, {
    head: isMasked ? masked : storedHead(tensors, spec.run),
  });
  try {
    loadWeights(parametersOf(network.model), tensors, `the run in ${spec.run}`);
    setProgress(network.model, 1);
    const isPretrained = pretrainingOf(recipe.language) !== undefined;
    return { network, hash, task: isPretrained ? undefined : recipe.data.name };
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
