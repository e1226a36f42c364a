/** A trained network back from its run folder, for evaluation, conversion or a look inside. */
import { InputError } from '@surge-bnn/contract';
import { setProgress } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { channelStatistics } from '@surge-bnn/data';
import type { ChannelStatistics } from '@surge-bnn/data';
import { loadCheckpoint } from './checkpoint/checkpoint.js';
import type { CheckpointName } from './checkpoint/checkpoint.js';
import { engineRecord } from './engine-record.js';
import { evaluateModel } from './evaluate.js';
import type { EvaluateOptions } from './evaluate.js';
import { sha256 } from './hash.js';
import { parametersOf } from './parameters.js';
import { defaultParts } from './parts.js';
import type { Parts, RunData } from './parts.js';
import type { Recipe } from './recipe/schema.js';
import { holdsRun } from './run-folder.js';
import { progressAt } from './schedules.js';
import { loadWeights } from './session.js';
import type { EngineRecord, Evaluation } from './types.js';

export interface LoadedRun {
  readonly recipe: Recipe;
  /** The plain network as it ships, without compensator. The caller disposes it. */
  readonly model: Model;
  readonly data: RunData;
  /** Mean and deviation of the training images, which every input is normalised with. */
  readonly normalization: ChannelStatistics;
  readonly engine: EngineRecord;
  /** Whole epochs that the weights have seen. */
  readonly epoch: number;
}

export interface LoadRunOptions {
  /** Default 'last'. */
  readonly checkpoint?: CheckpointName;
  /** Another engine than the run's; default: the recipe's. */
  readonly engine?: Recipe['engine'];
}

/**
 * Loads a run's network and data.
 *
 * @throws InputError when there is no run, its checkpoint is not complete, or the data are missing or others.
 */
export async function loadRun(
  folder: string,
  options: LoadRunOptions = {},
  parts: Parts = defaultParts,
): Promise<LoadedRun> {
  if (!(await holdsRun(folder))) {
    throw new InputError(`${folder} is no run folder: it has neither config.json nor checkpoint/`);
  }
  const { state, tensors } = await loadCheckpoint(folder, options.checkpoint ?? 'last');
  const { recipe } = state;
  const engine = engineRecord(await parts.engine(options.engine ?? recipe.engine));
  const data = await parts.data(recipe);
  if (sha256(`${data.train.sha256}/${data.evaluation.sha256}`) !== state.hashes.data) {
    throw new InputError(`the images at hand are not those that ${folder} was trained on`);
  }
  const model = parts.model(recipe, data.train);
  loadWeights(parametersOf(model), tensors);
  // Of the last step: a network evaluates with the weights that this step saw, which may still be real.
  const perEpoch = Math.ceil(data.train.count / recipe.batchSize);
  const step = Math.max(0, state.step - 1);
  setProgress(model, progressAt(step, perEpoch, recipe.epochs, recipe.floorToEpochs));
  const normalization = channelStatistics(data.train);
  return { recipe, model, data, normalization, engine, epoch: state.epoch };
}

/**
 * Evaluates a run's network on all its evaluation images. On whatever engine, this is exactly the accuracy that its log
 * names for that epoch.
 */
export async function evaluateRun(
  folder: string,
  options: LoadRunOptions & Pick<EvaluateOptions, 'signal' | 'onProgress'> = {},
  parts: Parts = defaultParts,
): Promise<Evaluation & Pick<LoadedRun, 'recipe' | 'engine' | 'epoch'>> {
  const { recipe, model, data, normalization, engine, epoch } = await loadRun(
    folder,
    options,
    parts,
  );
  try {
    const { signal, onProgress } = options;
    const { workers } = parts;
    const evaluation = await evaluateModel(model, data.evaluation, {
      normalization,
      workers,
      signal,
      onProgress,
    });
    return { ...evaluation, recipe, engine, epoch };
  } finally {
    model.dispose();
  }
}
