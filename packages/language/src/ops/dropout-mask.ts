/**
 * The random numbers of dropout, from a seed and a counter alone, so that a training repeats, and goes on after a stop as if it had not
 * stopped. TF.js's own dropout draws the same mask in every step where it has a seed.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError, seedFor } from '@surge-bnn/contract';

/**
 * A mask of 0 (with probability `rate`) and 1 / (1 - rate).
 *
 * @param stream names the draw: another name, other numbers.
 */
export function dropoutMask(
  shape: readonly number[],
  rate: number,
  seed: number,
  stream: string,
): Tensor {
  const values = new Float32Array(tf.util.sizeFromShape([...shape]));
  const start = seedFor(seed, stream);
  const least = Math.round(rate * 2 ** 32);
  const kept = 1 / (1 - rate);
  for (let i = 0; i < values.length; i++) {
    // A counter through an integer hash (murmur3's finaliser, after a Weyl step): each number by itself, equally spread.
    let h = (start + Math.imul(i, 0x9e3779b9)) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    values[i] = (h ^ (h >>> 16)) >>> 0 < least ? 0 : kept;
  }
  return tf.tensor(values, [...shape]);
}

/** @throws InputError naming the layer for a rate that is not in [0, 1). */
export function checkRate(rate: unknown, layer: string): void {
  if (typeof rate === 'number' && rate >= 0 && rate < 1) return;
  throw new InputError(
    `layer "${layer}": the rate of dropout must be at least 0 and below 1, got ${JSON.stringify(rate)}`,
  );
}
