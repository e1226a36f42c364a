/** A trained network back from its run folder, for evaluation, conversion or a look inside. */
import { InputError } from '@surge-bnn/contract';
import { setProgress } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { channelStatistics } from '@surge-bnn/data';
import type { ChannelStatistics } from '@surge-bnn/data';
import type { Detector } from '@surge-bnn/detection';
import { loadCheckpoint } from './checkpoint/checkpoint.js';
import type { Checkpoint, CheckpointName } from './checkpoint/checkpoint.js';
import { loadWeights } from './checkpoint/weights.js';
import { engineRecord } from './engine-record.js';
import { parametersOf } from './parameters.js';
import { defaultParts } from './parts.js';
import type { Parts, RunData } from './parts.js';
import type { DetectionSpec } from './recipe/detection.js';
import type { LanguageSpec } from './recipe/language.js';
import type { Recipe } from './recipe/schema.js';
import { stageRecipes } from './recipe/stages.js';
import { holdsRun } from './run-folder.js';
import { dataHashOf } from './source.js';
import { lastProgress } from './stage-plan.js';
import { recipeDetector } from './task/detection/build.js';
import type { DetectionData } from './task/detection/detection.js';
import { recipeTextNetwork } from './task/language/build.js';
import type { RecipeNetwork } from './task/language/build.js';
import type { TextData } from './task/language/data.js';
import { openTask } from './task/open-task.js';
import type { Task, TaskData, TaskEvaluateOptions } from './task/task.js';
import type { EngineRecord, Evaluation } from './types.js';

/** What is known of a run whatever its task. */
interface LoadedFacts {
  readonly recipe: Recipe;
  readonly engine: EngineRecord;
  /** Whole epochs that the weights have seen. */
  readonly epoch: number;
  /** Batches of the next one that they have seen, where the run was stopped in the middle. */
  readonly batch: number;
}

/** A classifier's run. */
export interface LoadedRun extends LoadedFacts {
  /** The plain network as it ships, without compensator. The caller disposes it. */
  readonly model: Model;
  readonly data: RunData;
  /** Mean and deviation of the training images, which every input is normalised with. */
  readonly normalization: ChannelStatistics;
}

/** A detector's run. */
export interface LoadedDetector extends LoadedFacts {
  /** As it ships, without compensator. The caller disposes it. */
  readonly detector: Detector;
  readonly data: DetectionData;
  readonly spec: DetectionSpec;
}

/** The run of a network for texts. */
export interface LoadedText extends LoadedFacts {
  /** As it ships, without compensator. The caller disposes it. */
  readonly network: RecipeNetwork;
  readonly data: TextData;
  readonly spec: LanguageSpec;
}

export interface LoadRunOptions {
  /** Default 'last'. */
  readonly checkpoint?: CheckpointName;
  /** Another engine than the run's; default: the recipe's. */
  readonly engine?: Recipe['engine'];
}

/**
 * Loads a classifier's network and data.
 *
 * @throws InputError when there is no run, it is a detector's, its checkpoint is not complete, or the data are missing or others.
 */
export async function loadRun(
  folder: string,
  options: LoadRunOptions = {},
  parts: Parts = defaultParts,
): Promise<LoadedRun> {
  const found = await findRun(folder, options, parts);
  const { stage, engine, checkpoint } = found;
  if (stage.detection !== undefined || stage.language !== undefined) {
    const whose = stage.detection === undefined ? 'of texts' : "a detector's";
    throw new InputError(
      `the run in ${folder} is ${whose}, and a classifier's of pictures is needed here`,
    );
  }
  const data = await parts.data(found.recipe);
  checkSameData(data, checkpoint, folder);
  const model = parts.model(stage, data.train);
  fill(model, checkpoint, data.train.count);
  const normalization = channelStatistics(data.train);
  return { ...factsOf(found, engine), model, data, normalization };
}

/**
 * Loads a detector and its data.
 *
 * @throws InputError as `loadRun`, and when the run is a classifier's.
 */
export async function loadDetectorRun(
  folder: string,
  options: LoadRunOptions = {},
  parts: Parts = defaultParts,
): Promise<LoadedDetector> {
  const found = await findRun(folder, options, parts);
  const { stage, engine, checkpoint } = found;
  if (stage.detection === undefined) {
    throw new InputError(`the run in ${folder} is no detector's, and a detector's is needed here`);
  }
  const data = await parts.annotated(found.recipe);
  checkSameData(data, checkpoint, folder);
  const detector = recipeDetector(stage, stage.detection, data.train.classes.length);
  fill(detector.model, checkpoint, data.train.count);
  return { ...factsOf(found, engine), detector, data, spec: stage.detection };
}

/**
 * Loads a network for texts and its data.
 *
 * @throws InputError as `loadRun`, and when the run is of pictures.
 */
export async function loadTextRun(
  folder: string,
  options: LoadRunOptions = {},
  parts: Parts = defaultParts,
): Promise<LoadedText> {
  const found = await findRun(folder, options, parts);
  const { stage, engine, checkpoint } = found;
  if (stage.language === undefined) {
    throw new InputError(`the run in ${folder} is of pictures, and one of texts is needed here`);
  }
  const data = await parts.texts(found.recipe);
  checkSameData(data, checkpoint, folder);
  const network = recipeTextNetwork(stage, data.tokenizer);
  fill(network.model, checkpoint, data.train.count);
  return { ...factsOf(found, engine), network, data, spec: stage.language };
}

/** What an evaluation of a run says, and of what. */
export interface RunEvaluation extends Evaluation, LoadedFacts {
  /** As in RunSummary. */
  readonly measure?: string;
  readonly unit?: Task['unit'];
  readonly evaluatedOn: TaskData['evaluatedOn'];
  readonly dataTitle: string;
}

/**
 * Evaluates a run's network on all its evaluation images. On whatever engine, this is exactly the accuracy that its log
 * names for that epoch.
 */
export async function evaluateRun(
  folder: string,
  options: LoadRunOptions & TaskEvaluateOptions = {},
  parts: Parts = defaultParts,
): Promise<RunEvaluation> {
  const found = await findRun(folder, options, parts);
  const { recipe, stage, engine, checkpoint } = found;
  const task = await openTask(recipe, parts);
  const { data, measure, unit } = task;
  checkSameData(data, checkpoint, folder);
  const network = task.network(stage);
  try {
    fill(network.model, checkpoint, data.train.count);
    const { signal, onProgress, onSkip } = options;
    const evaluation = await network.evaluate({ signal, onProgress, onSkip });
    return {
      ...evaluation,
      ...factsOf({ recipe, checkpoint }, engine),
      ...(measure === undefined ? {} : { measure }),
      ...(unit === undefined ? {} : { unit }),
      evaluatedOn: data.evaluatedOn,
      dataTitle: data.evaluation.title,
    };
  } finally {
    network.dispose();
  }
}

interface FoundRun {
  readonly recipe: Recipe;
  /** Of the stage that the checkpoint was written in. */
  readonly stage: Recipe;
  readonly checkpoint: Checkpoint;
  readonly engine: EngineRecord;
}

async function findRun(folder: string, options: LoadRunOptions, parts: Parts): Promise<FoundRun> {
  if (!(await holdsRun(folder))) {
    throw new InputError(`${folder} is no run folder: it has neither config.json nor checkpoint/`);
  }
  const checkpoint = await loadCheckpoint(folder, options.checkpoint ?? 'last');
  const { recipe, stage = 0 } = checkpoint.state;
  const engine = engineRecord(await parts.engine(options.engine ?? recipe.engine));
  return { recipe, stage: stageRecipes(recipe)[stage], checkpoint, engine };
}

function factsOf(
  { recipe, checkpoint }: Pick<FoundRun, 'recipe' | 'checkpoint'>,
  engine: EngineRecord,
): LoadedFacts {
  const { epoch, batch } = checkpoint.state;
  return { recipe, engine, epoch, batch };
}

function checkSameData(data: TaskData, { state }: Checkpoint, folder: string): void {
  if (dataHashOf(data) === state.hashes.data) return;
  const what = state.recipe.language === undefined ? 'images' : 'texts, or their vocabulary,';
  throw new InputError(`the ${what} at hand are not those that ${folder} was trained on`);
}

function fill(model: Model, { state, tensors }: Checkpoint, images: number): void {
  loadWeights(parametersOf(model), tensors);
  setProgress(model, lastProgress(state, images));
}
