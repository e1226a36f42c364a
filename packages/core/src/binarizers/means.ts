/**
 * Means of weights that decide forward values: a filter's mean moves its signs, its mean |W| is a scale. They are summed in
 * float64 in the order of the entries, because a network has to evaluate to the same bits on every backend, and backends
 * sum in orders of their own. A GPU, whose numbers cannot be read without waiting, takes its own sum.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { DataId, Tensor } from '@tensorflow/tfjs-core';
import { readsAreCheap } from '../ops/sign.js';

/** All axes but the last: those of one filter of a kernel, of one channel of a picture. */
export const filterAxes = (t: Tensor): number[] => t.shape.slice(0, -1).map((_, axis) => axis);

const filtersOf = (t: Tensor): number => t.shape[t.rank - 1];

/** Entries of one filter. */
export const filterSize = (t: Tensor): number => t.size / filtersOf(t);

/**
 * Sums by what holds the numbers of a tensor: a forward and its backward, transform and scale, ask for the same ones, and adding up in order is slow.
 * They hold because a tensor's numbers never change, so nobody may write into an array after tf.tensor took it.
 */
const known = new WeakMap<DataId, Map<string, Float64Array>>();

/** [columns]: the sum over the rows of t as a table of so many columns, of |t| where `magnitude`, entry by entry; once. */
function sums(t: Tensor, columns: number, magnitude: boolean): Float64Array {
  const own = known.get(t.dataId) ?? new Map<string, Float64Array>();
  known.set(t.dataId, own);
  const name = `${columns} ${magnitude}`;
  const found = own.get(name);
  if (found !== undefined) return found;
  const values = t.dataSync<'float32'>();
  const total = new Float64Array(columns);
  for (let from = 0; from < values.length; from += columns) {
    for (let c = 0; c < columns; c++) {
      const value = values[from + c];
      total[c] += magnitude ? Math.abs(value) : value;
    }
  }
  own.set(name, total);
  return total;
}

/** Sum over each filter divided by `divisor` (its size, if not given), rounded once; [outChannels]. */
export function filterMean(t: Tensor, divisor = filterSize(t)): Tensor {
  if (!readsAreCheap()) return tf.tidy(() => tf.div(tf.sum(t, filterAxes(t)), divisor));
  return tf.tensor1d(Float32Array.from(sums(t, filtersOf(t), false), (sum) => sum / divisor));
}

/** Mean of |t| over each filter; [outChannels]. */
export function filterMagnitude(t: Tensor): Tensor {
  if (!readsAreCheap()) return tf.tidy(() => tf.mean(tf.abs(t), filterAxes(t)));
  const size = filterSize(t);
  return tf.tensor1d(Float32Array.from(sums(t, filtersOf(t), true), (sum) => sum / size));
}

/** Mean over all entries; a scalar. */
export function layerMean(t: Tensor): Tensor {
  if (!readsAreCheap()) return tf.mean(t);
  return tf.scalar(sums(t, 1, false)[0] / t.size);
}

/** Mean of |t| over all entries; a scalar. */
export function layerMagnitude(t: Tensor): Tensor {
  if (!readsAreCheap()) return tf.tidy(() => tf.mean(tf.abs(t)));
  return tf.scalar(sums(t, 1, true)[0] / t.size);
}
