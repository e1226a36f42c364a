/** A network, a recipe's or one by its name, built only to be counted. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { InputError, unknownName } from '@surge-bnn/contract';
import type { Method, Model, NetworkCost, SurgeOptions } from '@surge-bnn/core';
import type { DatasetName } from '@surge-bnn/data';
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
   * recipe, provenance and agreement, which only a trained network has. Absent for one that cannot be packed.
   */
  readonly file?: FileSize;
  /** The same with a compressed header, `convert --compact`. */
  readonly compact?: FileSize;
  /** What the numbers are of, where that must be said. */
  readonly remark?: string;
}

/** Per layer what the network costs, and as a file; of a recipe with stages the last one's, which is what ships. */
export async function costOf(whole: Recipe): Promise<RecipeCost> {
  const [core, data, train] = await Promise.all([
    import('@surge-bnn/core'),
    import('@surge-bnn/data'),
    import('@surge-bnn/train'),
  ]);
  const recipe = train.finalStage(whole);
  const { detection, language } = recipe;
  if (detection !== undefined) {
    const { detectorCost } = await import('./detector-cost.js');
    return detectorCost({ ...recipe, detection });
  }
  if (language !== undefined) {
    const { textCost } = await import('./text-cost.js');
    return textCost({ ...recipe, language });
  }
  const { name, directory, size } = recipe.data;
  // describeInput refuses a name that it does not know.
  const set = await data.describeInput(name as DatasetName, { directory, size });
  return countNetwork({
    network: recipe.network.name,
    options: recipe.network.options,
    method: core.resolveMethod(recipe.binarizer),
    inputShape: [set.height, set.width, set.channels],
    classes: set.classes.length,
    classNames: set.classes,
    seed: recipe.seed,
    compensator: train.surgeOptions(recipe) ?? undefined,
  });
}

/** Of a network that can be packed. */
export interface PackedCost extends RecipeCost {
  readonly file: FileSize;
  readonly compact: FileSize;
}

/** A network by its name, as it was published where nothing else is said. */
export interface NetworkChoice {
  readonly options?: Readonly<Record<string, unknown>>;
  /** Default 'ste'. */
  readonly binarizer?: string;
  readonly inputShape?: readonly [number, number, number];
  readonly classes?: number;
}

/** @throws InputError for an unknown network, option or method. */
export async function costOfNetwork(name: string, given: NetworkChoice = {}): Promise<PackedCost> {
  return countNetwork(await describeNetwork(name, given));
}

/** The same without the file, which takes as long as all the rest. */
export async function layersOfNetwork(
  name: string,
  given: NetworkChoice = {},
): Promise<NetworkCost> {
  const { summarize } = await import('@surge-bnn/core');
  return withNetwork(await describeNetwork(name, given), (model) => summarize(model));
}

async function describeNetwork(name: string, given: NetworkChoice): Promise<Description> {
  const [{ networkList }, { resolveMethod }] = await Promise.all([
    import('@surge-bnn/models'),
    import('@surge-bnn/core'),
  ]);
  const published = networkList.find((network) => network.name === name);
  if (published === undefined) {
    throw unknownName(
      'network',
      name,
      networkList.map((network) => network.name),
    );
  }
  return {
    network: name,
    options: given.options ?? {},
    method: resolveMethod(given.binarizer ?? 'ste'),
    inputShape: given.inputShape ?? published.inputShape,
    classes: given.classes ?? published.classes,
    seed: 1,
  };
}

interface Description {
  readonly network: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly method: Method;
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  readonly classNames?: readonly string[];
  readonly seed: number;
  readonly compensator?: SurgeOptions;
}

async function countNetwork(description: Description): Promise<PackedCost> {
  const [converter, core, runtime] = await Promise.all([
    import('@surge-bnn/converter'),
    import('@surge-bnn/core'),
    import('@surge-bnn/runtime'),
  ]);
  return withNetwork(description, (model) => {
    const { source } = converter.packModel(model, { classes: description.classNames });
    const file = runtime.fileSize(source);
    return { ...core.summarize(model), file, compact: runtime.fileSize(source, { compact: true }) };
  });
}

/** Runs on TF.js's plain CPU backend: nothing is computed but initial weights. */
async function withNetwork<T>(description: Description, use: (model: Model) => T): Promise<T> {
  const { network, options, method, inputShape, classes, seed, compensator } = description;
  const [core, engine, models] = await Promise.all([
    import('@surge-bnn/core'),
    import('@surge-bnn/engine'),
    import('@surge-bnn/models'),
  ]);
  await engine.useEngine({ backend: 'cpu' });
  const model = models.buildModel(
    { network, options },
    {
      inputBinarizer: method.input,
      weightBinarizer: method.weight,
      seed,
      inputShape: [...inputShape],
      classes,
    },
  );
  // As at the end of the training, when a method's real weights have become signs.
  core.setProgress(model, 1);
  if (compensator) core.attachCompensator(model, core.surge(compensator), { seed });
  try {
    return use(model);
  } finally {
    model.dispose();
  }
}
