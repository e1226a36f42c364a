/**
 * Facts about image sets that need no Node module: shared bytes, the size check, statistics.
 */
import { InputError } from '@surge-bnn/contract';
import type { ChannelStatistics, ImageSet, PictureShape } from './types.js';

/**
 * `length` zero bytes, in shared memory where the platform has it: a batch worker then reads the
 * pictures where they lie instead of getting a copy.
 */
export function allocateBytes(length: number): Uint8Array {
  return typeof SharedArrayBuffer === 'undefined'
    ? new Uint8Array(length)
    : new Uint8Array(new SharedArrayBuffer(length));
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
  if (set.labels.length !== set.count) {
    throw new InputError(
      `image set "${set.name}" (${set.split}) holds ${set.labels.length} labels for ${set.count} pictures`,
    );
  }
  const wrong = set.labels.findIndex((label) => label >= set.classes.length);
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
 * @throws InputError for an empty set.
 */
export function channelStatistics(set: ImageSet): ChannelStatistics {
  if (set.count === 0) {
    throw new InputError(`image set "${set.name}" (${set.split}) is empty: no mean to take`);
  }
  const { images, channels } = set;
  // One histogram per channel: integer counts never round, whatever the size of the set.
  const histogram = new Float64Array(channels * 256);
  for (let i = 0, channel = 0; i < images.length; i++) {
    histogram[channel * 256 + images[i]]++;
    if (++channel === channels) channel = 0;
  }
  const pixels = images.length / channels;
  const mean: number[] = [];
  const std: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const counts = histogram.subarray(channel * 256, channel * 256 + 256);
    let sum = 0;
    for (let value = 0; value < 256; value++) sum += value * counts[value];
    const centre = sum / pixels;
    let squares = 0;
    for (let value = 0; value < 256; value++) squares += (value - centre) ** 2 * counts[value];
    mean.push(centre / 255);
    std.push(Math.sqrt(squares / pixels) / 255);
  }
  return { mean, std };
}
