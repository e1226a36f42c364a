/**
 * Batch norm over all axes but the last: in training one op forward and one backward with a hand-written
 * gradient, in evaluation the canonical a x + b (METHOD.md section 4).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { BATCH_NORM, BATCH_NORM_GRADIENT } from '@surge-bnn/contract';
import type { BatchNormAttrs } from '@surge-bnn/contract';
import { ensureGradient, ensureKernel, runKernel } from './kernel-registry.js';

/**
 * y = (x - mean) / sqrt(variance + epsilon) gamma + beta with the batch's own mean and biased variance,
 * which come back beside y. Differentiable in x, gamma and beta (mean and variance are for the moving
 * statistics and carry no gradient).
 *
 * @param x float32 [..., C]; gamma, beta float32 [C].
 */
export function batchNormTraining(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  epsilon: number,
): { y: Tensor; mean: Tensor1D; variance: Tensor1D } {
  ensureKernel(BATCH_NORM, forward);
  ensureKernel(BATCH_NORM_GRADIENT, backward);
  ensureGradient(gradient);
  const attrs: BatchNormAttrs = { epsilon };
  const [y, mean, variance] = runKernel(BATCH_NORM, { x, gamma, beta }, attrs);
  return { y, mean: mean as Tensor1D, variance: variance as Tensor1D };
}

/**
 * Evaluation: y = a x + b in float32, one multiply and one add, never fused, with a = gamma / sqrt(variance + epsilon)
 * and b = beta - mean a computed once for the channel.
 */
export function batchNormEvaluation(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  mean: Tensor,
  variance: Tensor,
  epsilon: number,
): Tensor {
  return tf.tidy(() => {
    const a = tf.div(gamma, tf.sqrt(tf.add(variance, epsilon)));
    const b = tf.sub(beta, tf.mul(mean, a));
    return tf.add(tf.mul(x, a), b);
  });
}

interface Forward {
  x: Tensor;
  gamma: Tensor;
  beta: Tensor;
}

function forward({ x, gamma, beta }: Forward, { epsilon }: BatchNormAttrs): Tensor[] {
  const { mean, variance } = tf.moments(x, axesOf(x));
  const scaled = tf.mul(tf.sub(x, mean), tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon))));
  return [tf.add(scaled, beta), mean, variance];
}

interface Backward {
  dy: Tensor;
  x: Tensor;
  gamma: Tensor;
  mean: Tensor;
  variance: Tensor;
}

/**
 * With R rows, xhat = (x - mean) s, s = 1 / sqrt(variance + epsilon) and y = gamma xhat + beta:
 * dbeta = sum dy; dgamma = sum dy xhat. dL/dxhat = gamma dy, and because mean and variance depend on every row,
 * the parts of it along 1 and along xhat vanish: dx = gamma s (dy - dbeta / R - xhat dgamma / R).
 */
function backward(
  { dy, x, gamma, mean, variance }: Backward,
  { epsilon }: BatchNormAttrs,
): Tensor[] {
  const axes = axesOf(x);
  const s = tf.rsqrt(tf.add(variance, epsilon));
  const xhat = tf.mul(tf.sub(x, mean), s);
  const dbeta = tf.sum(dy, axes);
  const dgamma = tf.sum(tf.mul(dy, xhat), axes);
  const rows = x.size / gamma.size;
  const centred = tf.sub(dy, tf.add(tf.div(dbeta, rows), tf.mul(xhat, tf.div(dgamma, rows))));
  return [tf.mul(centred, tf.mul(gamma, s)), dgamma, dbeta];
}

const axesOf = (x: Tensor) => Array.from({ length: x.rank - 1 }, (_, i) => i);

const gradient: GradConfig = {
  kernelName: BATCH_NORM,
  inputsToSave: ['x', 'gamma'],
  outputsToSave: [false, true, true],
  gradFunc: (dys, saved, attrs) => {
    const [x, gamma, mean, variance] = saved;
    const dy = (dys as Tensor[])[0];
    const [dx, dgamma, dbeta] = runKernel(
      BATCH_NORM_GRADIENT,
      { dy, x, gamma, mean, variance },
      attrs,
    );
    return { x: () => dx, gamma: () => dgamma, beta: () => dbeta };
  },
};
