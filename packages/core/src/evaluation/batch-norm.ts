/** Batch norm in evaluation, ours and TF.js's: y = a x + b with a and b computed once, and what ours may have behind it. */
import * as tf from '@tensorflow/tfjs-core';
import { BatchNorm } from '../layers/batch-norm.js';
import { hardTanh } from '../ops/hard-tanh.js';
import { findWeight, refuseOtherAxis, configOf, weightOf } from './layer-parts.js';
import type { Layer } from './layer-parts.js';
import type { Rule } from './rule.js';

/** One number of each per channel. */
export interface BatchNormCoefficients {
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/**
 * a = gamma / sqrt(variance + epsilon) and b = beta - mean a, each operation rounded to float32. (JavaScript computes
 * in f64 and rounds again; for one +, -, *, / or sqrt of float32 numbers that equals rounding once, because 53 >= 2 24 + 2.)
 * Not on the backend: a GPU need not round division and roots correctly.
 *
 * @param layer a BatchNorm of ours or a BatchNormalization of TF.js, built.
 */
export function batchNormCoefficients(layer: Layer): BatchNormCoefficients {
  const f = Math.fround;
  const read = (t: tf.Tensor | undefined) => t?.dataSync<'float32'>();
  const gamma = read(findWeight(layer, 'gamma'));
  const beta = read(findWeight(layer, 'beta'));
  const mean = weightOf(layer, 'movingMean', 'moving_mean').dataSync<'float32'>();
  const variance = weightOf(layer, 'movingVariance', 'moving_variance').dataSync<'float32'>();
  const epsilon = f(Number(configOf(layer)['epsilon']));
  const a = variance.map((v, c) => f((gamma?.[c] ?? 1) / f(Math.sqrt(f(v + epsilon)))));
  const b = mean.map((m, c) => f((beta?.[c] ?? 0) - f(m * a[c])));
  return { a, b };
}

export const batchNormLayer: Rule = (layer, [x, shortcut]) => {
  // Ours has no option for the axis: it is the last one.
  if ('axis' in configOf(layer)) refuseOtherAxis(layer, x);
  const { a, b } = batchNormCoefficients(layer);
  const y = tf.add(tf.mul(x, tf.tensor1d(a)), tf.tensor1d(b));
  // The sum rounded once, then the clip: what a hardTanh layer of its own computes.
  return layer instanceof BatchNorm && layer.activation !== undefined ? hardTanh(y, shortcut) : y;
};
