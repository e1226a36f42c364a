/**
 * How a list of annotated pictures becomes batches: options with their defaults and checks, sizes of buffers, and one
 * picture's placement in one epoch, a pure function of (set, plan, epoch, index).
 */
import { checkKeys, InputError } from '@surge-bnn/contract';
import { checkNormalization } from '../batch-maker.js';
import type { Size } from '../pictures/fit.js';
import type { RandomStream } from '../random.js';
import type { ChannelStatistics } from '../types.js';
import { placeRegion, type Placement } from './placement.js';
import { checkSize, drawSize, largestSize, type DetectionSize } from './sizes.js';
import { SSD_KINDS, ssdColour, type SsdColour } from './ssd-colour.js';
import { drawCanvas, drawCrop } from './ssd-crop.js';
import type { AnnotatedPicture, DetectionSet } from './types.js';

/** Random changes of pictures and their boxes. Absent: none. */
export interface DetectionAugmentation {
  /** Mirrors left and right with this probability. */
  readonly flip?: number;
  /** SSD's colours: brightness, contrast, saturation, hue, exchanged channels. */
  readonly colour?: SsdColour;
  /** SSD's larger canvas of the mean colour: with this probability, 1 to `most` (absent: 4) times the sides. */
  readonly expand?: { readonly probability: number; readonly most?: number };
  /** SSD's random crop by the overlap with an object. */
  readonly crop?: boolean;
}

export interface DetectionLoaderOptions {
  /** Pictures per batch; the last batch of an epoch may hold fewer. */
  readonly batchSize: number;
  /** Root of the order and of the augmentation. */
  readonly seed: number;
  /** Subtracted and divided by: (pixel / 255 - mean) / std. */
  readonly normalization: ChannelStatistics;
  readonly size: DetectionSize;
  /** Height and width of a batch are multiples of this. Default: 32; 1 where every picture gets one size. */
  readonly padMultiple?: number;
  /** A new order each epoch (default), or the order of the list. */
  readonly shuffle?: boolean;
  /** Leave out an incomplete last batch. Default false. */
  readonly dropLast?: boolean;
  readonly augmentation?: DetectionAugmentation;
  /** Leave out what cannot be decoded, and say so; by default it is an error. */
  readonly skipCorrupt?: boolean;
  /** Worker threads: by default one for each core, at most 4; 0: the calling thread. Same bits with any number. */
  readonly workers?: number;
  /** Is told once of every picture that could not be decoded and was left out of its batch. */
  readonly onSkip?: (picture: string) => void;
}

/** The options with every default written out; can be sent to a worker. */
export type DetectionPlan = Required<Omit<DetectionLoaderOptions, 'workers' | 'onSkip'>>;

const KEYS = [
  ...['batchSize', 'seed', 'normalization', 'size', 'padMultiple', 'shuffle', 'dropLast'],
  ...['augmentation', 'skipCorrupt', 'workers', 'onSkip'],
];

/** Fills the defaults in and refuses what does not fit. */
export function planDetection(set: DetectionSet, options: DetectionLoaderOptions): DetectionPlan {
  checkKeys(options, KEYS, 'DetectionLoader');
  const { batchSize, seed, normalization, size, augmentation = {} } = options;
  const { padMultiple = 'shortSide' in size ? 32 : 1, dropLast = false } = options;
  checkInteger('batchSize', batchSize, 1);
  checkInteger('padMultiple', padMultiple, 1);
  if (set.count === 0) throw new InputError(`the set "${set.name}" is empty: no batches to make`);
  if (dropLast && batchSize > set.count) {
    throw new InputError(
      `batchSize ${batchSize} with dropLast leaves no batch of the ${set.count} pictures of "${set.name}"`,
    );
  }
  if (!Number.isFinite(seed)) throw new InputError(`seed must be a finite number, got ${seed}`);
  checkNormalization(normalization, { name: set.name, channels: 3 });
  checkSize(size);
  checkAugmentation(augmentation);
  return {
    batchSize: Math.min(batchSize, set.count),
    seed,
    normalization,
    size,
    padMultiple,
    shuffle: options.shuffle ?? true,
    dropLast,
    augmentation,
    skipCorrupt: options.skipCorrupt ?? false,
  };
}

/** Bytes of a buffer that any batch fits into: memory is taken once, and stays the same from batch to batch. */
export function largestBatchBytes(
  { widths, heights }: DetectionSet['columns'],
  plan: DetectionPlan,
): number {
  const { size, augmentation, batchSize } = plan;
  let [width, height] = [1, 1];
  const changesShape = augmentation.crop === true || augmentation.expand !== undefined;
  if (changesShape && 'shortSide' in size) [width, height] = [size.longSide, size.longSide];
  else {
    for (let i = 0; i < widths.length; i++) {
      const largest = largestSize({ width: widths[i], height: heights[i] }, size);
      width = Math.max(width, largest.width);
      height = Math.max(height, largest.height);
    }
  }
  return 4 * 3 * batchSize * padded(width, plan) * padded(height, plan);
}

/** The next multiple of `padMultiple`. */
export function padded(side: number, { padMultiple }: Pick<DetectionPlan, 'padMultiple'>): number {
  return padMultiple * Math.ceil(side / padMultiple);
}

/**
 * Draws where a picture comes to lie. The draws, in this order: short side; whether it is expanded, and how; the crop;
 * whether it is mirrored.
 */
export function drawPlacement(
  picture: Size & Pick<AnnotatedPicture, 'boxes'>,
  { size, augmentation }: Pick<DetectionPlan, 'size' | 'augmentation'>,
  random: RandomStream,
): Placement {
  const { flip = 0, expand, crop = false } = augmentation;
  const { boxes } = picture;
  const rule = drawSize(size, random);
  const isExpanded = expand !== undefined && random.uniform() < expand.probability;
  const canvas = isExpanded
    ? drawCanvas(picture, expand.most ?? 4, random)
    : { left: 0, top: 0, width: picture.width, height: picture.height };
  const { region, kept } = crop
    ? drawCrop(canvas, boxes, random)
    : { region: canvas, kept: Array.from({ length: boxes.length / 4 }, (_, i) => i) };
  const flipped = flip > 0 && random.uniform() < flip;
  return placeRegion(picture, region, rule(region), flipped, kept);
}

function checkAugmentation(augmentation: DetectionAugmentation): void {
  checkKeys(augmentation, ['flip', 'colour', 'expand', 'crop'], 'augmentation');
  const { flip = 0, colour, expand } = augmentation;
  checkProbability('augmentation.flip', flip);
  if (colour !== undefined) {
    checkKeys(colour, [...SSD_KINDS, 'probability', 'exchange'], 'augmentation.colour');
    ssdColour(colour);
  }
  if (expand === undefined) return;
  checkKeys(expand, ['probability', 'most'], 'augmentation.expand');
  checkProbability('augmentation.expand.probability', expand.probability);
  const { most = 4 } = expand;
  if (most >= 1 && most <= 16) return;
  throw new InputError(`augmentation.expand.most must be in 1 to 16, got ${most}`);
}

function checkProbability(name: string, value: number): void {
  if (value >= 0 && value <= 1) return;
  throw new InputError(`${name} must be in 0 to 1, got ${value}`);
}

function checkInteger(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new InputError(`${name} must be an integer of at least ${least}, got ${value}`);
}
