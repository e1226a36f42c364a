/** Layer norm over the last axis: one op forward and one backward with a hand-written gradient. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, Tensor } from '@tensorflow/tfjs-core';
import { InputError, LAYER_NORM, LAYER_NORM_GRADIENT } from '@surge-bnn/contract';
import type { LayerNormAttrs } from '@surge-bnn/contract';
import { ensureGradient, ensureKernel, runKernel } from './kernel-registry.js';

/**
 * y = (x - mean) / sqrt(variance + epsilon) gamma + beta with the mean and the biased variance of each row of the
 * last axis. Differentiable in x, gamma and beta.
 *
 * @param x float32 [..., C]; gamma, beta float32 [C].
 */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon = 1e-5): Tensor {
  const channels = x.shape.slice(-1);
  for (const [name, { shape }] of [
    ['gamma', gamma],
    ['beta', beta],
  ] as const) {
    if (channels.length === 0 || !tf.util.arraysEqual(shape, channels)) {
      throw new InputError(
        `layerNorm: ${name} must have shape [C], C being the last axis of x [${x.shape}], got [${shape}]`,
      );
    }
  }
  ensureKernel(LAYER_NORM, forward);
  ensureKernel(LAYER_NORM_GRADIENT, backward);
  ensureGradient(gradient);
  const attrs: LayerNormAttrs = { epsilon };
  return runKernel(LAYER_NORM, { x, gamma, beta }, attrs)[0];
}

interface Forward {
  x: Tensor;
  gamma: Tensor;
  beta: Tensor;
}

function forward({ x, gamma, beta }: Forward, { epsilon }: LayerNormAttrs): Tensor[] {
  const { mean, variance } = tf.moments(x, -1, true);
  const inverseStd = tf.rsqrt(tf.add(variance, epsilon));
  const xhat = tf.mul(tf.sub(x, mean), inverseStd);
  const y = tf.add(tf.mul(xhat, gamma), beta);
  return [y, tf.reshape(mean, [mean.size]), tf.reshape(inverseStd, [mean.size])];
}

interface Backward {
  dy: Tensor;
  x: Tensor;
  gamma: Tensor;
  mean: Tensor;
  inverseStd: Tensor;
}

/**
 * With xhat = (x - mean) s and y = gamma xhat + beta, over the rows dbeta = sum dy and dgamma = sum dy xhat. In a row
 * dL/dxhat is g = gamma dy, and because mean and variance depend on every entry of it, the parts of g along 1 and along
 * xhat vanish: dx = s (g - mean(g) - xhat mean(g xhat)).
 */
function backward({ dy, x, gamma, mean, inverseStd }: Backward): Tensor[] {
  const perRow = [...x.shape.slice(0, -1), 1];
  const rows = x.shape.slice(0, -1).map((_, axis) => axis);
  const s = tf.reshape(inverseStd, perRow);
  const xhat = tf.mul(tf.sub(x, tf.reshape(mean, perRow)), s);
  const g = tf.mul(dy, gamma);
  const along = tf.mul(xhat, tf.mean(tf.mul(g, xhat), -1, true));
  const dx = tf.mul(s, tf.sub(tf.sub(g, tf.mean(g, -1, true)), along));
  return [dx, tf.sum(tf.mul(dy, xhat), rows), tf.sum(dy, rows)];
}

const gradient: GradConfig = {
  kernelName: LAYER_NORM,
  inputsToSave: ['x', 'gamma'],
  outputsToSave: [false, true, true],
  gradFunc: (dys, saved) => {
    const [x, gamma, mean, inverseStd] = saved;
    const dy = (dys as Tensor[])[0];
    const inputs = { dy, x, gamma, mean, inverseStd };
    const [dx, dgamma, dbeta] = runKernel(LAYER_NORM_GRADIENT, inputs, {});
    return { x: () => dx, gamma: () => dgamma, beta: () => dbeta };
  },
};
