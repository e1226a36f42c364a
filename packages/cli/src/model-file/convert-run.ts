/** From a run folder to a packed model: the checkpoint, the images of the proof, and where it all comes from. */
import { convertModel } from '@surge-bnn/converter';
import type { Conversion, ConvertOptions, FormOptions } from '@surge-bnn/converter';
import type { ChannelStatistics, PictureSet } from '@surge-bnn/data';
import type { JsonObject } from '@surge-bnn/runtime';
import { hashWeights, loadCheckpoint, loadRun, parametersOf } from '@surge-bnn/train';
import type { CheckpointName, LoadedRun, TaskData } from '@surge-bnn/train';
import { version } from '../workspace.js';
import { inputBatches, sampleBatches, trainingBatches } from './batches.js';
import { jsonObject } from './json.js';

/** What both ways into a conversion take. */
export interface ConversionOptions
  extends FormOptions, Pick<ConvertOptions, 'allowFloat' | 'merge' | 'compact'> {
  /** Training images that layers of int8 are calibrated on, where there are such layers. Default 500. */
  readonly calibrationImages?: number;
  /** Of the calibration: what so many per cent of a layer's inputs do not exceed is kept. Default 100. */
  readonly percentile?: number;
  /** Images that the proof runs on, from the first; default all. */
  readonly images?: number;
  readonly signal?: AbortSignal;
  /** Images of the proof. */
  readonly onProgress?: (done: number, of: number) => void;
  /** Is told of pictures that cannot be decoded and were left out. */
  readonly onSkip?: (picture: string) => void;
}

export interface RunConversionOptions extends ConversionOptions {
  /** Default 'last'. */
  readonly checkpoint?: CheckpointName;
  /** Average batch norm anew over the training images. */
  readonly reestimate?: boolean;
  /** Sees the run before it is packed. */
  readonly onLoaded?: (run: LoadedRun) => void;
}

/**
 * Converts the network of a run. The same run and options give the same bytes.
 *
 * @throws InputError when there is no run, or a layer cannot be packed; DisagreementError when the proof fails.
 */
export async function convertRun(
  folder: string,
  options: RunConversionOptions = {},
): Promise<Conversion> {
  const { checkpoint = 'last', signal, onSkip } = options;
  const run = await loadRun(folder, { checkpoint });
  options.onLoaded?.(run);
  const { data, model, normalization, recipe } = run;
  try {
    const { evaluation, evaluatedOn } = data;
    const images = Math.min(options.images ?? evaluation.count, evaluation.count);
    const what = evaluatedOn === 'test' ? 'test images' : evaluatedOn;
    return await convertModel(model, {
      inputs: inputBatches(evaluation, normalization, images, onSkip),
      inputsAre: (count) => `${count} ${what} of ${evaluation.title}`,
      pixels: normalization,
      classes: evaluation.classes,
      ...formsOf(options),
      ...(needsCalibration(options)
        ? { calibration: calibrationOn(data.train, normalization, options) }
        : {}),
      ...(options.reestimate
        ? { reestimateOn: trainingBatches(data.train, normalization, recipe, { signal, onSkip }) }
        : {}),
      training: trainingOf(run),
      provenance: await provenanceOf(folder, checkpoint, run, options),
      onProgress: (done) => options.onProgress?.(done, images),
      signal,
    });
  } finally {
    model.dispose();
  }
}

/** What of the options the converter takes as it is. */
export function formsOf({
  floatWeights,
  layerWeights,
  allowFloat,
  merge,
  compact,
}: ConversionOptions): Partial<ConvertOptions> {
  return { floatWeights, layerWeights, allowFloat, merge, compact };
}

/** Whether a layer's inputs are to be integers. */
export function needsCalibration({ floatWeights, layerWeights = {} }: FormOptions): boolean {
  return floatWeights === 'i8' || Object.values(layerWeights).includes('i8');
}

/** Training images, because those of the proof are the ones that it is to be proven on. */
export function calibrationOn(
  train: PictureSet,
  normalization: ChannelStatistics,
  { calibrationImages = 500, percentile, onSkip }: ConversionOptions,
): ConvertOptions['calibration'] {
  const count = Math.min(calibrationImages, train.count);
  return {
    inputs: sampleBatches(train, normalization, count, onSkip),
    inputsAre: (images) => `${images} training images of ${train.title}`,
    ...(percentile === undefined ? {} : { percentile }),
  };
}

/** The recipe, without the folder of the data and the file of a vocabulary: those are places on one machine. */
export function trainingOf({ recipe }: Pick<LoadedRun, 'recipe'>): JsonObject {
  const { data, language } = recipe;
  return jsonObject({
    ...recipe,
    data: { ...data, directory: undefined },
    ...(language && { language: { ...language, vocabulary: undefined } }),
  });
}

/** What receipts need of a run of any task. */
interface ConvertedRun extends Pick<LoadedRun, 'recipe' | 'model' | 'epoch'> {
  readonly data: TaskData & { readonly train: { readonly name?: string } };
}

/** Receipts without times and places: equal runs give equal files. */
export async function provenanceOf(
  folder: string,
  checkpoint: CheckpointName,
  { recipe, model, data, epoch }: ConvertedRun,
  { reestimate }: Pick<RunConversionOptions, 'reestimate'> = {},
): Promise<JsonObject> {
  const { state } = await loadCheckpoint(folder, checkpoint);
  return jsonObject({
    converter: `surge-bnn ${version()}`,
    recipe: recipe.name,
    checkpoint,
    epoch,
    // As in summary.json, if this is the last checkpoint: of the trained weights, before any re-estimation.
    weights: hashWeights(parametersOf(model)),
    initialWeights: state.hashes.initialWeights,
    engine: state.engine,
    data: {
      name: recipe.data.name,
      // Where the name does not say it all.
      ...(data.train.title === data.train.name ? {} : { title: data.train.title }),
      train: data.train.sha256,
      evaluation: data.evaluation.sha256,
    },
    ...(reestimate ? { batchNorm: 'averaged anew over the training images' } : {}),
  });
}
