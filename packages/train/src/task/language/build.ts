/** The BERT of a recipe, with its initial weights. */
import { InputError, seedFor } from '@surge-bnn/contract';
import { methodName } from '@surge-bnn/core';
import { bert } from '@surge-bnn/language';
import type { Bert, BertHead, BertOptions } from '@surge-bnn/language';
import type { WordPiece } from '@surge-bnn/data';
import type { Recipe } from '../../recipe/schema.js';
import type { TextData } from './data.js';

/** The networks for texts. */
export const textNetworkNames: readonly string[] = ['bert'];

const methods = ['bibert', 'bit'] as const;

/** The plain network. Its initial weights depend on the recipe's seed alone. @throws InputError for options that cannot be. */
export function recipeBert(
  recipe: Pick<Recipe, 'network' | 'binarizer' | 'seed'>,
  { size }: Pick<WordPiece, 'size'>,
  head: BertHead,
): Bert {
  return bert(bertOptions(recipe, size), { head, seed: seedFor(recipe.seed, 'weights') });
}

/** Pieces to be predicted where there is no task; a score where the task has no classes. */
export function taskHead({ task, train }: Pick<TextData, 'task' | 'train'>): BertHead {
  if (task === undefined) return { kind: 'masked' };
  return { kind: 'classifier', labels: Math.max(1, train.classes.length) };
}

/** `network.options` with what a recipe says elsewhere: the method is its binarizer, unless the precision is full. */
function bertOptions(
  { network, binarizer }: Pick<Recipe, 'network' | 'binarizer'>,
  vocabulary: number,
): Partial<BertOptions> {
  const { precision = 'binary', ...options } = network.options;
  for (const key of ['method', 'vocabulary']) {
    if (!Object.hasOwn(options, key)) continue;
    const instead = key === 'method' ? 'binarizer' : 'language.vocabulary';
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
      `the network bert is binarized by ${methods.join(' or ')}, not by ${name}; set binarizer, or network.options.precision to full`,
    );
  }
  // `bert` checks the keys and values of what a recipe gives.
  return { ...(options as Partial<BertOptions>), method, vocabulary };
}
