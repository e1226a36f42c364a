/** The texts of a recipe as numbers: what is trained on, and what is judged on, with the vocabulary that both are written in. */
import { InputError } from '@surge-bnn/contract';
import { openText, pickTexts, randomStream, splitTexts } from '@surge-bnn/data';
import type { TextSet, TextTask, TextTokenizer } from '@surge-bnn/data';
import { pretrainingOf } from '../../recipe/language.js';
import type { LanguageSpec } from '../../recipe/language.js';
import type { Recipe } from '../../recipe/schema.js';
import type { TaskData } from '../task.js';
import { factsOf, taskOf } from './half.js';
import type { EncodedHalf } from './half.js';
import { pretrainingTexts } from './pretraining.js';
import type { PublishedEncoder } from './published.js';
import { openTokenizer } from './tokenizer.js';

export interface TextData extends TaskData {
  readonly train: EncodedHalf;
  readonly evaluation: EncodedHalf;
  readonly tokenizer: TextTokenizer;
  /** Absent for pre-training. */
  readonly task?: TextTask;
  /** Whose vectors are learnt in pre-training. */
  readonly published?: PublishedEncoder;
}

/**
 * Opens and encodes the texts that a recipe names.
 *
 * @throws InputError for a task, file or vocabulary that is not there, and for files without labels.
 */
export async function encodedTexts(recipe: Recipe): Promise<TextData> {
  const { language: spec, data } = recipe;
  if (spec === undefined) throw new Error('encoded texts are for recipes of language');
  const tokenizer = await openTokenizer(recipe, spec);
  const pretraining = pretrainingOf(spec);
  if (pretraining !== undefined) return pretrainingTexts(recipe, spec, pretraining, tokenizer);
  const task = taskOf(data.name, 'data.name');
  const { train, evaluation, evaluatedOn } = await openHalves(recipe, spec, task);
  const half = (set: TextSet) => encodeSet(set, tokenizer, spec);
  return { train: half(train), evaluation: half(evaluation), evaluatedOn, tokenizer, task };
}

/** @throws InputError for a file without labels. */
export function encodeSet(
  set: TextSet,
  tokenizer: TextTokenizer,
  spec: Pick<LanguageSpec, 'maxLength'>,
): EncodedHalf {
  if (set.labelled) return { ...factsOf(set, tokenizer, spec), set };
  throw new InputError(
    `${set.file} has no labels, so there is nothing to learn from or to be judged by; name another split, as in --set language.test=dev`,
  );
}

/**
 * The texts alone that a recipe is judged on, without a vocabulary.
 *
 * @throws InputError for pre-training, and for a task or file that is not there.
 */
export async function evaluationTexts({
  data,
  language: spec,
}: Pick<Recipe, 'data'> & { readonly language: LanguageSpec }): Promise<TextSet> {
  if (pretrainingOf(spec) !== undefined) {
    throw new InputError('the recipe is one of pre-training; name a task with --data');
  }
  const task = taskOf(data.name, 'data.name');
  const { directory, holdOut } = data;
  if (holdOut === undefined) return openText(task, { split: spec.test, directory });
  return splitTexts(await openText(task, { split: spec.train, directory }), holdOut, 0).validation;
}

async function openHalves(
  recipe: Recipe,
  spec: LanguageSpec,
  task: TextTask,
): Promise<{ train: TextSet; evaluation: TextSet; evaluatedOn: TaskData['evaluatedOn'] }> {
  const { directory, holdOut, trainLimit } = recipe.data;
  const whole = await openText(task, { split: spec.train, directory });
  const train = holdOut === undefined ? whole : splitTexts(whole, holdOut, 0).train;
  return {
    train: limited(train, trainLimit),
    evaluation: await evaluationTexts({ ...recipe, language: spec }),
    evaluatedOn: holdOut === undefined ? 'test' : 'held-out training images',
  };
}

function limited(set: TextSet, count: number | undefined): TextSet {
  if (count === undefined || count >= set.count) return set;
  const order = randomStream(0, 'train-limit').permutation(set.count);
  return pickTexts(set, order.slice(0, count).sort(), set.split);
}
