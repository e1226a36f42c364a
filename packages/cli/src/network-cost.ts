/** A recipe's network, built only to be counted. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { InputError, unknownName } from '@surge-bnn/contract';
import type { NetworkCost } from '@surge-bnn/core';
import type { Recipe } from '@surge-bnn/train';
import { findRecipe } from './workspace.js';

/** The recipe of a file, of a name, or of a run folder (its config.json). */
export async function loadRecipeOrRun(given: string): Promise<Recipe> {
  const { loadRecipe } = await import('@surge-bnn/train');
  return loadRecipe(isFolder(given) ? configOf(given) : findRecipe(given));
}

export function isFolder(given: string): boolean {
  return existsSync(given) && statSync(given).isDirectory();
}

/** config.json of a run folder. @throws InputError when the folder is no run's. */
export function configOf(folder: string): string {
  const config = path.join(folder, 'config.json');
  if (existsSync(config)) return config;
  throw new InputError(`${folder} is no run folder: it has no config.json`);
}

/** Per layer what the network costs. Runs on TF.js's plain CPU backend: nothing is computed but initial weights. */
export async function costOf(recipe: Recipe): Promise<NetworkCost> {
  const [core, data, engine, models, train] = await Promise.all([
    import('@surge-bnn/core'),
    import('@surge-bnn/data'),
    import('@surge-bnn/engine'),
    import('@surge-bnn/models'),
    import('@surge-bnn/train'),
  ]);
  await engine.useEngine({ backend: 'cpu' });
  const sets = data.describeDatasets();
  const set = sets.find((one) => one.name === recipe.data.name);
  if (set === undefined) {
    throw unknownName(
      'data set',
      recipe.data.name,
      sets.map((one) => one.name),
    );
  }
  const method = core.resolveMethod(recipe.binarizer);
  const model = models.buildModel(
    { network: recipe.network.name, options: recipe.network.options },
    {
      inputBinarizer: method.input,
      weightBinarizer: method.weight,
      seed: recipe.seed,
      inputShape: [set.height, set.width, set.channels],
      classes: set.classes.length,
    },
  );
  const compensator = train.surgeOptions(recipe);
  if (compensator) core.attachCompensator(model, core.surge(compensator), { seed: recipe.seed });
  try {
    return core.summarize(model);
  } finally {
    model.dispose();
  }
}
