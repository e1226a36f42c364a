/**
 * Facts about image sets that need no Node module: shared bytes, the size check, statistics.
 */
import { InputError } from '@surge-bnn/contract';
import type {
  ChannelStatistics,
  ClassLabels,
  ImageSet,
  PictureSet,
  PictureShape,
} from './types.js';

/**
 * `length` zero bytes, in shared memory where the platform has it: a batch worker then reads the
 * pictures where they lie instead of getting a copy.
 */
export function allocateBytes(length: number): Uint8Array {
  return typeof SharedArrayBuffer === 'undefined'
    ? new Uint8Array(length)
    : new Uint8Array(new SharedArrayBuffer(length));
}

/** The same for labels of so many classes. */
export function allocateLabels(length: number, classes: number): ClassLabels {
  const bytes = allocateBytes(classes > 256 ? 2 * length : length);
  return classes > 256 ? new Uint16Array(bytes.buffer) : bytes;
}

/** Are all pictures of the set in memory? */
export function isImageSet(set: PictureSet): set is ImageSet {
  return 'images' in set;
}

/** The set, whose pictures must be in memory. @throws InputError for a set that is decoded batch by batch. */
export function inMemory(set: PictureSet): ImageSet {
  if (isImageSet(set)) return set;
  throw new InputError(
    `data set "${set.name}" is decoded batch by batch and does not come as one piece in memory; set decode to "once"`,
  );
}

/** Numbers in one picture. */
export function pictureLength({ height, width, channels }: PictureShape): number {
  return height * width * channels;
}

/** Refuses a set whose arrays and numbers do not fit together. */
export function checkImageSet(set: ImageSet): void {
  const needed = set.count * pictureLength(set);
  if (set.images.length !== needed) {
    throw new InputError(
      `image set "${set.name}" (${set.split}) holds ${set.images.length} bytes of pixels, but ` +
        `${set.count} pictures of ${set.height} x ${set.width} x ${set.channels} need ${needed}`,
    );
  }
  checkLabels(set);
}

/** Refuses labels that are no class, or not one for each picture. */
export function checkLabels(set: PictureSet): void {
  if (set.labels.length !== set.count) {
    throw new InputError(
      `image set "${set.name}" (${set.split}) holds ${set.labels.length} labels for ${set.count} pictures`,
    );
  }
  const labels: ArrayLike<number> = set.labels;
  const wrong = Array.prototype.findIndex.call(labels, (label) => label >= set.classes.length);
  if (wrong >= 0) {
    throw new InputError(
      `label ${set.labels[wrong]} of picture ${wrong} in image set "${set.name}" (${set.split}) ` +
        `is not a class; allowed: 0 to ${set.classes.length - 1}`,
    );
  }
}

/**
 * Mean and (population) standard deviation of every channel, in units of pixel / 255. Exact up to the
 * last rounding: the sums are kept as integers.
 *
 * Of a set in files they are what is recorded with its training half.
 *
 * @throws InputError for an empty set, and for files without that record.
 */
export function channelStatistics(set: PictureSet): ChannelStatistics {
  if (!isImageSet(set)) {
    if (set.statistics !== undefined) return set.statistics;
    throw new InputError(
      `the ${set.split} half of "${set.name}" has no mean and deviation recorded: take the training half's`,
    );
  }
  if (set.count === 0) {
    throw new InputError(`image set "${set.name}" (${set.split}) is empty: no mean to take`);
  }
  // One histogram per channel: integer counts never round, whatever the size of the set.
  const histogram = new Float64Array(set.channels * 256);
  addToHistogram(histogram, set.images, set.channels);
  return histogramStatistics(histogram, set.channels);
}

/** Counts the bytes of interleaved pixels: value v of channel c at 256 c + v. */
export function addToHistogram(
  histogram: Float64Array,
  pixels: Uint8Array,
  channels: number,
): void {
  for (let i = 0, channel = 0; i < pixels.length; i++) {
    histogram[channel * 256 + pixels[i]]++;
    if (++channel === channels) channel = 0;
  }
}

/** Mean and (population) standard deviation of every channel from such counts. */
export function histogramStatistics(histogram: Float64Array, channels: number): ChannelStatistics {
  const mean: number[] = [];
  const std: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const counts = histogram.subarray(channel * 256, channel * 256 + 256);
    let pixels = 0;
    let sum = 0;
    for (let value = 0; value < 256; value++) {
      pixels += counts[value];
      sum += value * counts[value];
    }
    const centre = sum / pixels;
    let squares = 0;
    for (let value = 0; value < 256; value++) squares += (value - centre) ** 2 * counts[value];
    mean.push(centre / 255);
    std.push(Math.sqrt(squares / pixels) / 255);
  }
  return { mean, std };
}
