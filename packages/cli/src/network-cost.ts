/** A recipe's network, built only to be counted. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import type { DatasetName } from '@surge-bnn/data';
import type { NetworkCost } from '@surge-bnn/core';
import type { FileSize } from '@surge-bnn/runtime';
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

export interface RecipeCost extends NetworkCost {
  /**
   * Its model file, from the converter and the writer themselves: the payload to the byte; the header without the JSON of
   * recipe, provenance and agreement, which only a trained network has.
   */
  readonly file: FileSize;
}

/** Per layer what the network costs, and as a file. Runs on TF.js's plain CPU backend: nothing is computed but initial weights. */
export async function costOf(recipe: Recipe): Promise<RecipeCost> {
  const [converter, core, data, engine, models, runtime, train] = await Promise.all([
    import('@surge-bnn/converter'),
    import('@surge-bnn/core'),
    import('@surge-bnn/data'),
    import('@surge-bnn/engine'),
    import('@surge-bnn/models'),
    import('@surge-bnn/runtime'),
    import('@surge-bnn/train'),
  ]);
  await engine.useEngine({ backend: 'cpu' });
  const { name, directory, size } = recipe.data;
  // describeInput refuses a name that it does not know.
  const set = await data.describeInput(name as DatasetName, { directory, size });
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
    const { source } = converter.packModel(model, { classes: set.classes });
    return { ...core.summarize(model), file: runtime.fileSize(source) };
  } finally {
    model.dispose();
  }
}
