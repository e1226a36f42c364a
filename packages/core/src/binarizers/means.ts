/**
 * Means of weights that decide forward values: a filter's mean moves its signs, its mean |W| is a scale. They are summed in
 * float64 in the order of the entries, because a network has to evaluate to the same bits on every backend, and backends
 * sum in orders of their own. A GPU, whose numbers cannot be read without waiting, takes its own sum.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { readsAreCheap } from '../ops/sign.js';

/** All axes but the last: those of one filter of a kernel, of one channel of a picture. */
export const filterAxes = (t: Tensor): number[] => t.shape.slice(0, -1).map((_, axis) => axis);

/** Entries of one filter. */
export const filterSize = (t: Tensor): number => t.size / t.shape[t.rank - 1];

/** Sum over each filter divided by `divisor` (its size, if not given), rounded once; [outChannels]. */
export function filterMean(t: Tensor, divisor = filterSize(t)): Tensor {
  if (!readsAreCheap()) return tf.tidy(() => tf.div(tf.sum(t, filterAxes(t)), divisor));
  const filters = t.shape[t.rank - 1];
  const values = t.dataSync<'float32'>();
  const sums = new Float64Array(filters);
  for (let from = 0; from < values.length; from += filters) {
    for (let c = 0; c < filters; c++) sums[c] += values[from + c];
  }
  return tf.tensor1d(Float32Array.from(sums, (sum) => sum / divisor));
}

/** Mean over all entries; a scalar. */
export function layerMean(t: Tensor): Tensor {
  if (!readsAreCheap()) return tf.mean(t);
  let sum = 0;
  for (const value of t.dataSync<'float32'>()) sum += value;
  return tf.scalar(sum / t.size);
}
