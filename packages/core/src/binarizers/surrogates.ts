/**
 * The surrogate derivatives. Each stands for d sign(u)/du; `spec` is the same function in the form that
 * fused kernels know, `antiderivative` the function that the backward pretends sign to be.
 */
import * as tf from '@tensorflow/tfjs-core';
import { above, notAbove } from '../ops/above.js';
import type { Progress, Surrogate } from './binarizer.js';

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
    slope: (u) => tf.tidy(() => notAbove(tf.abs(u), width)),
    spec: () => ({ kind: 'box', width }),
    box: { width, height: 1 },
    antiderivative: (u) => Math.max(-width, Math.min(width, u)),
  };
}

/**
 * s(u) = 1 where |u| < 1, else 0: a box without its borders, for inputs that are whole numbers, of which many lie on them. In float32
 * |u| < 1 is |u| <= 1 - 2^-24, the number below 1.
 */
export const openBoxSurrogate: Surrogate = { ...boxSurrogate(1 - 2 ** -24), name: 'open box' };

/** s(u) = 1 where low <= u <= high, else 0: the levels from low to high are taken for clip(u, low, high). */
export function windowSurrogate(low: number, high: number): Surrogate {
  return {
    name: `window(${low}, ${high})`,
    slope: (u) => tf.tidy(() => tf.mul(notAbove(u, high), notAbove(tf.neg(u), -low))),
    antiderivative: (u) => Math.max(low, Math.min(high, u)),
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

/**
 * s(u) = K t (1 - tanh(t u)^2), the derivative of K tanh(t u) with K = max(1/t, 1): for t < 1 a window of half-width
 * about 1/t and height 1, from t = 1 on one of growing height t (IR-Net, arXiv 1909.10788, equations 10 to 12).
 *
 * @param t of the progress p, > 0.
 */
export function tanhSurrogate(t: (p: Progress) => number): Surrogate {
  const heightAt = (p: Progress) => Math.max(1 / t(p), 1);
  return {
    name: 'tanh window',
    slope: (u, p) =>
      // 1 - tanh(z)^2 = 4 e / (1 + e)^2 with e = exp(-2 |z|), which no engine leaves to a slower kernel.
      tf.tidy(() => {
        const e = tf.exp(tf.mul(-2 * t(p), tf.abs(u)));
        return tf.div(tf.mul(4 * heightAt(p) * t(p), e), tf.square(tf.add(1, e)));
      }),
    antiderivative: (u, p) => heightAt(p) * Math.tanh(t(p) * u),
  };
}

/**
 * The derivative of sign(u) |u|^(1/o) (ReSTE, arXiv 2308.06689, equations 6 to 10), which is infinite at 0: there, |u| <= m, the
 * slope of the chord to (m, m^(1/o)) stands for it; outside |u| <= edge it is 0.
 *
 *     s(u) = m^(1/o) / m              |u| <= m
 *            (1/o) |u|^((1-o)/o)      m < |u| <= edge
 *
 * @param o of the progress p, >= 1; o = 1 is a box.
 */
export function powerSurrogate(o: (p: Progress) => number, m: number, edge: number): Surrogate {
  const power = (u: number, order: number) => Math.sign(u) * Math.abs(u) ** (1 / order);
  return {
    name: `power(${m}, ${edge})`,
    slope: (u, p) =>
      tf.tidy(() => {
        const order = o(p);
        const size = tf.abs(u);
        // A power by exp and log, which engines have; no log of 0 below m.
        const exponent = tf.mul((1 - order) / order, tf.log(tf.maximum(size, m)));
        const curve = tf.mul(1 / order, tf.exp(exponent));
        const core = power(m, order) / m;
        const slope = tf.add(tf.mul(curve, above(size, m)), tf.mul(core, notAbove(size, m)));
        return tf.mul(slope, notAbove(size, edge));
      }),
    antiderivative: (u, p) => {
      const order = o(p);
      const size = Math.min(Math.abs(u), edge);
      return Math.sign(u) * (size <= m ? (size * power(m, order)) / m : power(size, order));
    },
  };
}
