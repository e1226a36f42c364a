/** GELU with the exact distribution function, as BERT has it: one op forward and one backward, an engine's kernels where it has them. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, Tensor } from '@tensorflow/tfjs-core';
import { GELU, GELU_GRADIENT } from '@surge-bnn/contract';
import { ensureGradient, ensureKernel, runKernel } from '@surge-bnn/core';

/**
 * y = x Phi(x) with the normal distribution's Phi, by erf and not by the approximation with tanh (which Hugging Face calls gelu_new).
 *
 * @param x float32 of any shape.
 */
export function gelu(x: Tensor): Tensor {
  ensureKernel(GELU, forward);
  ensureKernel(GELU_GRADIENT, backward);
  ensureGradient(gradient);
  return runKernel(GELU, { x }, {})[0];
}

/** Phi(x) = (1 + erf(x / sqrt 2)) / 2. TF.js's erf is within 1.5e-7. */
const phi = (x: Tensor): Tensor => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);

function forward({ x }: { x: Tensor }): Tensor[] {
  return [tf.mul(x, phi(x))];
}

function backward({ dy, x }: { dy: Tensor; x: Tensor }): Tensor[] {
  const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return [tf.mul(dy, tf.add(phi(x), tf.mul(x, density)))];
}

const gradient: GradConfig = {
  kernelName: GELU,
  inputsToSave: ['x'],
  gradFunc: (dy, [x]) => ({
    x: () => runKernel(GELU_GRADIENT, { dy: dy as Tensor, x }, {})[0],
  }),
};
