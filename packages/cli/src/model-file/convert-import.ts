/** From weights that PyTorch trained to a packed model: the network is built here and filled from the file. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InputError, unknownName } from '@surge-bnn/contract';
import { convertModel, importTorchWeights, readSafetensors } from '@surge-bnn/converter';
import type { Conversion, ImportReport } from '@surge-bnn/converter';
import { resolveMethod, setProgress } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { channelStatistics } from '@surge-bnn/data';
import type { ChannelStatistics, PictureSet } from '@surge-bnn/data';
import { useEngine } from '@surge-bnn/engine';
import { buildModel, networkList, torchNames } from '@surge-bnn/models';
import { parseOverride, sha256 } from '@surge-bnn/train';
import { openAt } from '../pictures/open-at.js';
import { version } from '../workspace.js';
import { inputBatches } from './batches.js';
import { calibrationOn, formsOf, needsCalibration } from './convert-run.js';
import type { ConversionOptions } from './convert-run.js';
import { jsonObject } from './json.js';
import { whyUnreadable } from './open.js';

export interface ImportConversionOptions extends ConversionOptions {
  /** A network of packages/models; the same architecture as the module that was trained. */
  readonly network: string;
  /** Its options, "width=32". */
  readonly set?: readonly string[];
  /** A method of `surge-bnn methods`. Default 'ste'. */
  readonly binarizer?: string;
  /** The data set whose test images the proof runs on, by name. */
  readonly data: string;
  /** Where its files are. Default: the data package's own place. */
  readonly directory?: string;
  /** How the trainer normalised pixels, per channel: (byte / 255 - mean) / std. Default: the data set's training images. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** "module=layer", where the names differ. */
  readonly rename?: readonly string[];
  /** What all names in the file begin with. */
  readonly prefix?: string;
  readonly ignore?: readonly string[];
  /** Of the batch norms, where the module had another than ours. */
  readonly epsilon?: number;
}

export interface ImportConversion extends Conversion {
  readonly imported: ImportReport;
  readonly normalization: ChannelStatistics;
  /** Is the normalisation what the user said, or taken from the data set? */
  readonly normalizationIsGiven: boolean;
}

/** @throws InputError with everything that does not fit; DisagreementError when the proof fails. */
export async function convertImport(
  file: string,
  options: ImportConversionOptions,
): Promise<ImportConversion> {
  const { data: dataset, directory, signal } = options;
  const names = Object.fromEntries((options.rename ?? []).map(parseRename));
  if ((options.mean === undefined) !== (options.std === undefined)) {
    throw new InputError('--mean and --std go together: pixels become (byte / 255 - mean) / std');
  }
  const content = await readFile(file).catch((error: unknown) => {
    throw new InputError(`the weights ${file} ${whyUnreadable(error)}`, { cause: error });
  });
  const tensors = named(file, content);
  const side = sideOf(options.network);
  const set = await openAt(dataset, side, { split: 'test', directory });
  const train = () => openAt(dataset, side, { split: 'train', directory });
  const given = givenNormalization(options, set);
  const normalization = given ?? channelStatistics(await train());
  await useEngine();
  const { model, description } = buildNetwork(options, set);
  try {
    const { prefix = '' } = options;
    const inFile = [...tensors.keys()].filter((name) => name.startsWith(prefix));
    const known = torchNames(
      model,
      inFile.map((name) => name.slice(prefix.length)),
    );
    const imported = importTorchWeights(model, tensors, {
      names: { ...without(known, Object.values(names)), ...names },
      prefix,
      ignore: options.ignore,
      epsilon: options.epsilon,
    });
    const images = Math.min(options.images ?? set.count, set.count);
    const conversion = await convertModel(model, {
      inputs: inputBatches(set, normalization, images, options.onSkip),
      inputsAre: (count) => `${count} test images of ${set.name}`,
      pixels: normalization,
      classes: set.classes,
      ...formsOf(options),
      ...(needsCalibration(options)
        ? { calibration: calibrationOn(await train(), normalization, options) }
        : {}),
      provenance: jsonObject({
        converter: `surge-bnn ${version()}`,
        imported: { file: path.basename(file), sha256: sha256(content), ...description },
        data: { name: set.name, evaluation: set.sha256 },
      }),
      onProgress: (done) => options.onProgress?.(done, images),
      signal,
    });
    return { ...conversion, imported, normalization, normalizationIsGiven: given !== undefined };
  } finally {
    model.dispose();
  }
}

/** Height and width of the pictures that the network was published with. */
function sideOf(network: string): number {
  const published = networkList.find(({ name }) => name === network);
  if (published !== undefined) return published.inputShape[0];
  throw unknownName(
    'network',
    network,
    networkList.map(({ name }) => name),
  );
}

function buildNetwork(
  { network, set: pairs = [], binarizer = 'ste' }: ImportConversionOptions,
  { height, width, channels, classes }: PictureSet,
): { model: Model; description: object } {
  const method = resolveMethod(binarizer);
  const settings = Object.fromEntries(pairs.map(parseOverride));
  const model = buildModel(
    { network, options: settings },
    {
      inputBinarizer: method.input,
      weightBinarizer: method.weight,
      seed: 1, // every weight is replaced
      inputShape: [height, width, channels],
      classes: classes.length,
    },
  );
  // The weights are those of a finished training.
  setProgress(model, 1);
  return { model, description: { network, options: settings, binarizer } };
}

/** What the user renames is not given to the same layer twice. */
function without(names: Readonly<Record<string, string>>, targets: readonly string[]) {
  return Object.fromEntries(Object.entries(names).filter(([, layer]) => !targets.includes(layer)));
}

/** @throws InputError naming the file. */
function named(file: string, bytes: Uint8Array): ReturnType<typeof readSafetensors> {
  try {
    return readSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${file}: ${error.message}`, { cause: error });
  }
}

function parseRename(text: string): [module: string, layer: string] {
  const [module, layer, ...rest] = text.split('=');
  if (module !== '' && layer !== undefined && layer !== '' && rest.length === 0) {
    return [module, layer];
  }
  throw new InputError(`--rename needs module=layer, got "${text}"`);
}

function givenNormalization(
  { mean, std }: ImportConversionOptions,
  { name, channels }: PictureSet,
): ChannelStatistics | undefined {
  if (mean === undefined || std === undefined) return undefined;
  for (const [option, values] of [
    ['--mean', mean],
    ['--std', std],
  ] as const) {
    if (values.length === channels) continue;
    throw new InputError(
      `${option} needs one number for each of the ${channels} channel(s) of ${name}, got ${values.length}`,
    );
  }
  return { mean, std };
}
