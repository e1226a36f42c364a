/**
 * Batch norm over all axes but the last: in training one op forward and one backward with a hand-written
 * gradient, in evaluation the canonical a x + b (METHOD.md section 4).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import {
  ADD_CLIP,
  ADD_CLIP_GRADIENT,
  BATCH_NORM,
  BATCH_NORM_ADD_CLIP,
  BATCH_NORM_ADD_CLIP_GRADIENT,
  BATCH_NORM_GRADIENT,
  InputError,
} from '@surge-bnn/contract';
import type { BatchNormAddClipAttrs, BatchNormAttrs } from '@surge-bnn/contract';
import { ensureAddClip } from './hard-tanh.js';
import { ensureGradient, ensureKernel, runKernel } from './kernel-registry.js';

/** What stands behind the norm and is computed with it; nothing is the norm alone. */
export interface BatchNormTail {
  /** Added to the norm's output; x's shape. */
  readonly shortcut?: Tensor | undefined;
  /** Bounds of the sum; default none. */
  readonly low?: number;
  readonly high?: number;
}

/**
 * y = (x - mean) / sqrt(variance + epsilon) gamma + beta with the batch's own mean and biased variance,
 * which come back beside y. Differentiable in x, gamma, beta and the shortcut (mean and variance are for the moving
 * statistics and carry no gradient).
 *
 * With a shortcut or bounds, y = min(max(norm + shortcut, low), high): what is only added and clipped is never written. The
 * gradient is that of `hardTanh`: dy where low < y < high, else 0, at the bounds as well. A NaN stays NaN.
 *
 * @param x float32 [..., C]; gamma, beta float32 [C].
 */
export function batchNormTraining(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  epsilon: number,
  tail: BatchNormTail = {},
): { y: Tensor; mean: Tensor1D; variance: Tensor1D } {
  ensureKernel(BATCH_NORM, forward);
  ensureKernel(BATCH_NORM_GRADIENT, backward);
  const { shortcut, low = -Infinity, high = Infinity } = tail;
  const isAlone = shortcut === undefined && low === -Infinity && high === Infinity;
  const [y, mean, variance] = isAlone
    ? alone({ x, gamma, beta }, { epsilon })
    : withTail({ x, gamma, beta, ...(shortcut && { shortcut }) }, { epsilon, low, high });
  return { y, mean: mean as Tensor1D, variance: variance as Tensor1D };
}

function alone(inputs: Forward, attrs: BatchNormAttrs): Tensor[] {
  ensureGradient(gradient);
  return runKernel(BATCH_NORM, { ...inputs }, attrs);
}

function withTail(inputs: ForwardWithTail, attrs: BatchNormAddClipAttrs): Tensor[] {
  const { x, shortcut } = inputs;
  if (shortcut !== undefined && !tf.util.arraysEqual(x.shape, shortcut.shape)) {
    throw new InputError(
      `batchNormTraining: x and the shortcut must have one shape, got [${x.shape}] and [${shortcut.shape}]`,
    );
  }
  ensureAddClip();
  ensureKernel(BATCH_NORM_ADD_CLIP, forwardWithTail);
  ensureKernel(BATCH_NORM_ADD_CLIP_GRADIENT, backwardWithTail);
  ensureGradient(gradientWithTail);
  return runKernel(BATCH_NORM_ADD_CLIP, { ...inputs }, attrs);
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

type ForwardWithTail = Forward & { shortcut?: Tensor };

function forwardWithTail(
  { shortcut, ...norm }: ForwardWithTail,
  { epsilon, low, high }: BatchNormAddClipAttrs,
): Tensor[] {
  const [a, mean, variance] = runKernel(BATCH_NORM, { ...norm }, { epsilon });
  const [y] = runKernel(ADD_CLIP, { a, ...(shortcut && { b: shortcut }) }, { low, high });
  return [y, mean, variance];
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

/** The clip's gradient is the shortcut's, and what the norm gets. */
function backwardWithTail(
  { dy, y, ...norm }: Backward & { y: Tensor },
  { epsilon, low, high }: BatchNormAddClipAttrs,
): Tensor[] {
  const [dsum] = runKernel(ADD_CLIP_GRADIENT, { dy, y }, { low, high });
  return [...runKernel(BATCH_NORM_GRADIENT, { dy: dsum, ...norm }, { epsilon }), dsum];
}

const axesOf = (x: Tensor) => Array.from({ length: x.rank - 1 }, (_, i) => i);

const gradient: GradConfig = {
  kernelName: BATCH_NORM,
  inputsToSave: ['x', 'gamma'],
  outputsToSave: [false, true, true],
  gradFunc: (dys, [x, gamma, mean, variance], attrs) => {
    const inputs = { dy: (dys as Tensor[])[0], x, gamma, mean, variance };
    const [dx, dgamma, dbeta] = runKernel(BATCH_NORM_GRADIENT, inputs, attrs);
    return { x: () => dx, gamma: () => dgamma, beta: () => dbeta };
  },
};

const gradientWithTail: GradConfig = {
  kernelName: BATCH_NORM_ADD_CLIP,
  inputsToSave: ['x', 'gamma'],
  // y tells where it was clipped; the norm's own output is not needed again.
  outputsToSave: [true, true, true],
  gradFunc: (dys, [x, gamma, y, mean, variance], attrs) => {
    const inputs = { dy: (dys as Tensor[])[0], y, x, gamma, mean, variance };
    const [dx, dgamma, dbeta, dsum] = runKernel(BATCH_NORM_ADD_CLIP_GRADIENT, inputs, attrs);
    return { x: () => dx, gamma: () => dgamma, beta: () => dbeta, shortcut: () => dsum };
  },
};
