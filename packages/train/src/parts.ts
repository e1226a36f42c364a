/**
 * What a run takes from the other packages: the engine, the images, the network. One seam, so that tests (and
 * programs with data of their own) put in theirs.
 */
import type { Model } from '@surge-bnn/core';
import { openPictures, randomStream, split, subset } from '@surge-bnn/data';
import type { DatasetName, DecodeProgress, PictureSet, PublishedSplit } from '@surge-bnn/data';
import { useEngine } from '@surge-bnn/engine';
import { buildNetwork } from './build-network.js';
import { backendNames, engineStart } from './engine-record.js';
import type { Recipe } from './recipe/schema.js';
import { annotatedPictures } from './task/detection/data.js';
import type { DetectionData } from './task/detection/detection.js';
import { encodedTexts } from './task/language/data.js';
import type { TextData } from './task/language/data.js';
import type { EngineStart, RunSummary } from './types.js';

export interface RunData {
  readonly train: PictureSet;
  readonly evaluation: PictureSet;
  readonly evaluatedOn: RunSummary['evaluatedOn'];
}

export interface Parts {
  /** Makes the engine TF.js's backend. */
  engine(spec: Recipe['engine']): Promise<EngineStart>;
  /** @param onDecode is told of pictures that are decoded now, to be kept. */
  data(recipe: Recipe, onDecode?: DecodeProgress): Promise<RunData>;
  /** Annotated pictures, for a recipe with the key "detection". */
  annotated(recipe: Recipe): Promise<DetectionData>;
  /** Encoded texts, for a recipe with the key "language". */
  texts(recipe: Recipe): Promise<TextData>;
  /** The plain network with its initial weights, which depend on the seed alone. */
  model(recipe: Recipe, set: PictureSet): Model;
  /** Threads that prepare batches, 0: the calling one. Default: what the loader takes for the set. */
  readonly workers?: number;
}

/** The real parts. */
export const defaultParts: Parts = {
  async engine(spec) {
    const info = await useEngine({ ...spec, backend: backendNames[spec.backend] });
    return engineStart(info, spec);
  },
  async data(recipe, onDecode) {
    const { name, holdOut, trainLimit, ...options } = recipe.data;
    // openPictures refuses a name that it does not know, with the nearest right one.
    const open = (half: PublishedSplit) =>
      openPictures(name as DatasetName, { ...options, split: half, onDecode });
    const whole = await open('train');
    const parts = holdOut === undefined ? undefined : split(whole, holdOut, 0);
    const train = limit(parts?.train ?? whole, trainLimit);
    if (parts !== undefined) {
      return { train, evaluation: parts.validation, evaluatedOn: 'held-out training images' };
    }
    const evaluation = await open('test');
    return { train, evaluation, evaluatedOn: 'test' };
  },
  annotated: annotatedPictures,
  texts: encodedTexts,
  model: buildNetwork,
};

function limit(set: PictureSet, count: number | undefined): PictureSet {
  if (count === undefined || count >= set.count) return set;
  const order = randomStream(0, 'train-limit').permutation(set.count);
  return subset(set, order.slice(0, count).sort(), set.split);
}
