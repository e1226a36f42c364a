/** The network for texts of a recipe, with its initial weights. */
import { InputError, seedFor } from '@surge-bnn/contract';
import { methodName } from '@surge-bnn/core';
import { textClasses, textIsPairs } from '@surge-bnn/data';
import type { TextTokenizer } from '@surge-bnn/data';
import { bert, sentenceDefaults, sentenceNetwork } from '@surge-bnn/language';
import type {
  Bert,
  BertHead,
  BertOptions,
  SentenceNetwork,
  SentenceOptions,
} from '@surge-bnn/language';
import type { Recipe } from '../../recipe/schema.js';

/** The networks for texts. */
export const textNetworkNames = ['bert', 'sentence-encoder'] as const;

export type RecipeNetwork = Bert | SentenceNetwork;

const methods = ['bibert', 'bit'] as const;

/**
 * The plain network. Its initial weights depend on the recipe's seed alone.
 *
 * @param head of another task, where the weights that it shall get are another's. Default: the recipe's.
 * @throws InputError for options that cannot be.
 */
export function recipeTextNetwork(
  recipe: Pick<Recipe, 'network' | 'binarizer' | 'seed' | 'data' | 'language'>,
  { size }: Pick<TextTokenizer, 'size'>,
  { head = headOf(recipe), length }: { readonly head?: BertHead; readonly length?: number } = {},
): RecipeNetwork {
  const seed = seedFor(recipe.seed, 'weights');
  const { method, options } = checkedOptions(recipe);
  // The networks check the keys and values of what a recipe gives.
  if (recipe.network.name === 'bert') {
    const given = { ...(options as Partial<BertOptions>), method, vocabulary: size };
    return bert(given, { head, seed, length });
  }
  // The data refuse it before.
  if (head.kind === 'masked') throw new Error('the sentence encoder predicts no pieces');
  // The published embeddings have two rows more than the vocabulary has pieces.
  const vocabulary = Math.max(size, sentenceDefaults.vocabulary);
  const pairs = textIsPairs(recipe.data.name);
  const given = { ...(options as Partial<SentenceOptions>), method, vocabulary, pairs };
  return sentenceNetwork(given, { head, seed, length });
}

/** In pre-training pieces to be predicted, or the entries of a vector; else logits, or a score where the task has no classes. @throws InputError for an unknown task. */
export function headOf({ data, language }: Pick<Recipe, 'data' | 'language'>): BertHead {
  if (language?.masked !== undefined) return { kind: 'masked' };
  if (language?.vectors !== undefined) {
    const { pairs } = language.vectors;
    return { kind: 'classifier', labels: (pairs ? 2 : 1) * sentenceDefaults.vector };
  }
  const classes = textClasses(data.name);
  return { kind: 'classifier', labels: Math.max(1, classes.length) };
}

/** `network.options` without what a recipe says elsewhere: the method is its binarizer, unless the precision is full. */
function checkedOptions({ network, binarizer }: Pick<Recipe, 'network' | 'binarizer'>) {
  const { precision = 'binary', ...options } = network.options;
  const elsewhere: Readonly<Record<string, string>> = {
    method: 'binarizer',
    vocabulary: 'language.vocabulary',
    pairs: 'the task',
  };
  for (const [key, instead] of Object.entries(elsewhere)) {
    if (!Object.hasOwn(options, key)) continue;
    throw new InputError(
      `network.options.${key} is not for recipes, it follows from ${instead}; leave it out`,
    );
  }
  if (precision !== 'binary' && precision !== 'full') {
    throw new InputError(
      `network.options.precision must be binary or full, got ${JSON.stringify(precision)}`,
    );
  }
  const name = methodName(binarizer);
  const method = precision === 'full' ? 'none' : methods.find((one) => one === name);
  if (method === undefined) {
    throw new InputError(
      `the network ${network.name} is binarized by ${methods.join(' or ')}, not by ${name}; set binarizer, or network.options.precision to full`,
    );
  }
  return { method, options } as const;
}
