/**
 * The surrogate derivatives. Each stands for d sign(u)/du; `spec` is the same function in the form that
 * fused kernels know, `antiderivative` the function that the backward pretends sign to be.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Surrogate } from './binarizer.js';

/** s(u) = 1: the gradient passes as it is. */
export const identitySurrogate: Surrogate = {
  name: 'identity',
  slope: (u) => tf.onesLike(u),
  spec: () => ({ kind: 'identity' }),
  antiderivative: (u) => u,
};

/** s(u) = 1 where |u| <= width, else 0: sign is taken for clip(u, -width, width). */
export function boxSurrogate(width: number): Surrogate {
  return {
    name: `box(${width})`,
    slope: (u) => tf.tidy(() => tf.cast(tf.lessEqual(tf.abs(u), width), 'float32')),
    spec: () => ({ kind: 'box', width }),
    antiderivative: (u) => Math.max(-width, Math.min(width, u)),
  };
}

/**
 * s(u) = max(0, 2 - 2|u|): sign is taken for 2u - u|u| inside [-1, 1] and for sign(u) outside
 * (Bi-Real Net, arXiv 1808.00278, equation 7).
 */
export const quadraticSurrogate: Surrogate = {
  name: 'quadratic window',
  slope: (u) => tf.tidy(() => tf.relu(tf.sub(2, tf.mul(2, tf.abs(u))))),
  spec: () => ({ kind: 'quadratic' }),
  antiderivative: (u) => (Math.abs(u) <= 1 ? 2 * u - u * Math.abs(u) : Math.sign(u)),
};

/**
 * s(u) = beta (2 - beta u tanh(beta u / 2)) / (1 + cosh(beta u)), the derivative of
 * 2 sigmoid(beta u) (1 + beta u (1 - sigmoid(beta u))) - 1 (BNN+, arXiv 1812.11800, equation 4).
 *
 * cosh overflows float32 at |beta u| > 89, where the slope is 0 to 30 digits; with e = exp(-|beta u|),
 * 1 / (1 + cosh(beta u)) = 2 e / (1 + e)^2 never overflows.
 */
export function swishSurrogate(beta: number): Surrogate {
  return {
    name: `swish(${beta})`,
    slope: (u) =>
      tf.tidy(() => {
        const z = tf.mul(u, beta);
        const e = tf.exp(tf.neg(tf.abs(z)));
        const inverse = tf.div(tf.mul(2, e), tf.square(tf.add(1, e)));
        const numerator = tf.sub(2, tf.mul(z, tf.tanh(tf.mul(z, 0.5))));
        return tf.mul(beta, tf.mul(numerator, inverse));
      }),
    spec: () => ({ kind: 'swish', beta }),
    antiderivative: (u) => {
      const sigmoid = 1 / (1 + Math.exp(-beta * u));
      return 2 * sigmoid * (1 + beta * u * (1 - sigmoid)) - 1;
    },
  };
}
