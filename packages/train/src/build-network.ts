/** The network of a recipe, with its initial weights, and its compensator. */
import { attachCompensator, resolveMethod, surge } from '@surge-bnn/core';
import type { Model, SurgeOptions } from '@surge-bnn/core';
import { seedFor } from '@surge-bnn/contract';
import type { SetFacts } from '@surge-bnn/data/browser';
import { buildModel } from '@surge-bnn/models';
import { etaSchedule } from './recipe/recipe.js';
import type { Recipe } from './recipe/schema.js';

/** The plain network for pictures of the set. Its initial weights depend on the recipe's seed alone. */
export function buildNetwork(
  recipe: Recipe,
  set: Pick<SetFacts, 'height' | 'width' | 'channels' | 'classes'>,
): Model {
  const method = resolveMethod(recipe.binarizer);
  return buildModel(
    { network: recipe.network.name, options: recipe.network.options },
    {
      inputBinarizer: method.input,
      weightBinarizer: method.weight,
      seed: seedFor(recipe.seed, 'weights'),
      inputShape: [set.height, set.width, set.channels],
      classes: set.classes.length,
    },
  );
}

/** Attaches the recipe's compensator, if it has one. Its random stream is nobody else's. */
export function compensate(model: Model, recipe: Recipe): void {
  const options = surgeOptions(recipe);
  if (options === undefined) return;
  attachCompensator(model, surge(options), { seed: seedFor(recipe.seed, 'compensator') });
}

/** The recipe's compensator in core's words: eta as a function of p, undefined for 'none'. */
export function surgeOptions(recipe: Recipe): SurgeOptions | undefined {
  if (recipe.compensator === 'none') return undefined;
  const { eta, auxiliary, initial, ...rest } = recipe.compensator;
  return {
    ...rest,
    ...(eta === undefined ? {} : { eta: typeof eta === 'number' ? eta : etaSchedule(recipe) }),
    ...(typeof auxiliary === 'string' ? { form: auxiliary } : auxiliary),
    // A shared auxiliary is W itself and has no initial value.
    ...(auxiliary === 'shared' ? {} : { initial }),
  };
}
