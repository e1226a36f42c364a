/** A trained network back from its run folder, for evaluation, conversion or a look inside. */
import { InputError } from '@surge-bnn/contract';
import { setProgress } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { channelStatistics } from '@surge-bnn/data';
import type { ChannelStatistics } from '@surge-bnn/data';
import { loadCheckpoint } from './checkpoint/checkpoint.js';
import type { CheckpointName } from './checkpoint/checkpoint.js';
import { loadWeights } from './checkpoint/weights.js';
import { engineRecord } from './engine-record.js';
import { evaluateModel } from './evaluate.js';
import type { EvaluateOptions } from './evaluate.js';
import { parametersOf } from './parameters.js';
import { defaultParts } from './parts.js';
import type { Parts, RunData } from './parts.js';
import type { Recipe } from './recipe/schema.js';
import { stageRecipes } from './recipe/stages.js';
import { holdsRun } from './run-folder.js';
import { dataHashOf } from './source.js';
import { lastProgress } from './stage-plan.js';
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
  /** Batches of the next one that they have seen, where the run was stopped in the middle. */
  readonly batch: number;
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
  const stage = stageRecipes(recipe)[state.stage ?? 0];
  const engine = engineRecord(await parts.engine(options.engine ?? recipe.engine));
  const data = await parts.data(recipe);
  if (dataHashOf(data) !== state.hashes.data) {
    throw new InputError(`the images at hand are not those that ${folder} was trained on`);
  }
  const model = parts.model(stage, data.train);
  loadWeights(parametersOf(model), tensors);
  setProgress(model, lastProgress(state, data.train.count));
  const normalization = channelStatistics(data.train);
  return { recipe, model, data, normalization, engine, epoch: state.epoch, batch: state.batch };
}

/** What an evaluation of a run says, and of what. */
export interface RunEvaluation
  extends Evaluation, Pick<LoadedRun, 'recipe' | 'engine' | 'epoch' | 'batch'> {
  readonly evaluatedOn: RunData['evaluatedOn'];
  readonly dataTitle: string;
}

/**
 * Evaluates a run's network on all its evaluation images. On whatever engine, this is exactly the accuracy that its log
 * names for that epoch.
 */
export async function evaluateRun(
  folder: string,
  options: LoadRunOptions & Pick<EvaluateOptions, 'signal' | 'onProgress' | 'onSkip'> = {},
  parts: Parts = defaultParts,
): Promise<RunEvaluation> {
  const run = await loadRun(folder, options, parts);
  const { recipe, model, data, normalization, engine, epoch, batch } = run;
  try {
    const { signal, onProgress, onSkip } = options;
    const { workers } = parts;
    const evaluation = await evaluateModel(model, data.evaluation, {
      normalization,
      workers,
      signal,
      onProgress,
      onSkip,
    });
    const { evaluatedOn } = data;
    const dataTitle = data.evaluation.title;
    return { ...evaluation, recipe, engine, epoch, batch, evaluatedOn, dataTitle };
  } finally {
    model.dispose();
  }
}
