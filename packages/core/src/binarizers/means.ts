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

/** Entries of one filter. */
export const filterSize = (t: Tensor): number => t.size / t.shape[t.rank - 1];

/**
 * Sums of tensors by what holds their numbers, which never change: a forward and its backward, transform and scale, ask for the same ones, and adding up in
 * order is slow.
 */
const known = new WeakMap<DataId, Map<string, Float64Array>>();

/** What `make` sums up of t's numbers; once. `name` tells sums of one tensor apart. */
function sumsOf(
  t: Tensor,
  name: string,
  make: (values: Float32Array) => Float64Array,
): Float64Array {
  const own = known.get(t.dataId) ?? new Map<string, Float64Array>();
  known.set(t.dataId, own);
  const found = own.get(name) ?? make(t.dataSync<'float32'>());
  own.set(name, found);
  return found;
}

/** Sum over each filter divided by `divisor` (its size, if not given), rounded once; [outChannels]. */
export function filterMean(t: Tensor, divisor = filterSize(t)): Tensor {
  if (!readsAreCheap()) return tf.tidy(() => tf.div(tf.sum(t, filterAxes(t)), divisor));
  const filters = t.shape[t.rank - 1];
  const sums = sumsOf(t, `filters of ${filters}`, (values) => {
    const total = new Float64Array(filters);
    for (let from = 0; from < values.length; from += filters) {
      for (let c = 0; c < filters; c++) total[c] += values[from + c];
    }
    return total;
  });
  return tf.tensor1d(Float32Array.from(sums, (sum) => sum / divisor));
}

/** Mean of |t| over each filter; [outChannels]. */
export function filterMagnitude(t: Tensor): Tensor {
  if (!readsAreCheap()) return tf.tidy(() => tf.mean(tf.abs(t), filterAxes(t)));
  const filters = t.shape[t.rank - 1];
  const sums = sumsOf(t, `magnitudes of filters of ${filters}`, (values) => {
    const total = new Float64Array(filters);
    for (let from = 0; from < values.length; from += filters) {
      for (let c = 0; c < filters; c++) total[c] += Math.abs(values[from + c]);
    }
    return total;
  });
  return tf.tensor1d(Float32Array.from(sums, (sum) => sum / filterSize(t)));
}

/** Mean over all entries; a scalar. */
export function layerMean(t: Tensor): Tensor {
  if (!readsAreCheap()) return tf.mean(t);
  const [sum] = sumsOf(t, 'layer', (values) => {
    let total = 0;
    for (let i = 0; i < values.length; i++) total += values[i];
    return Float64Array.of(total);
  });
  return tf.scalar(sum / t.size);
}

/** Mean of |t| over all entries; a scalar. */
export function layerMagnitude(t: Tensor): Tensor {
  if (!readsAreCheap()) return tf.tidy(() => tf.mean(tf.abs(t)));
  const [sum] = sumsOf(t, 'magnitude of the layer', (values) => {
    let total = 0;
    for (let i = 0; i < values.length; i++) total += Math.abs(values[i]);
    return Float64Array.of(total);
  });
  return tf.scalar(sum / t.size);
}
