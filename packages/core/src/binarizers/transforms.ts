/** The latent transforms. Each is a forward and its vector-Jacobian product; none knows which method uses it. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { notAbove } from '../ops/above.js';
import { signOf } from '../ops/sign.js';
import type { LatentTransform, Progress } from './binarizer.js';
import { filterAxes, filterMean, filterSize, layerMean } from './means.js';

/** u = v. */
export const noTransform: LatentTransform = {
  name: 'none',
  parameters: [],
  forward: (v) => v.clone(),
  backward: (gradient) => ({ input: gradient.clone(), parameters: [] }),
  signs: () => ({}),
  elastic: () => ({ k: 1, parameters: () => [] }),
};

/** u = v - mean of each filter, not detached: the gradient loses its mean, too. */
export const centrePerFilter: LatentTransform = {
  name: 'centred per filter',
  parameters: [],
  forward: (v) => tf.tidy(() => tf.sub(v, filterMean(v))),
  backward: (gradient) => ({
    input: tf.tidy(() => tf.sub(gradient, tf.mean(gradient, filterAxes(gradient)))),
    parameters: [],
  }),
};

/** u = v - mean of the whole layer, the mean a constant in backward. */
export const centreLayer: LatentTransform = {
  name: 'centred in the layer',
  parameters: [],
  forward: (v) => tf.tidy(() => tf.sub(v, layerMean(v))),
  backward: (gradient) => ({ input: gradient.clone(), parameters: [] }),
};

/** All axes but the first: those of one sample. */
const sampleAxes = (t: Tensor): number[] => t.shape.slice(1).map((_, axis) => axis + 1);

export interface Standardization {
  /** Divides the sum of squares by n - 1 instead of n. */
  readonly unbiased: boolean;
  /** Under the root, beside the variance. */
  readonly epsilon: number;
  readonly factor: number;
}

/** Mean and standard deviation sqrt(variance + epsilon) of each filter, [outChannels]. */
export function filterStatistics(
  v: Tensor,
  { unbiased, epsilon }: Omit<Standardization, 'factor'>,
): { mean: Tensor; deviation: Tensor } {
  const n = filterSize(v);
  const mean = filterMean(v);
  const variance = filterMean(tf.square(tf.sub(v, mean)), unbiased ? n - 1 : n);
  return { mean, deviation: tf.sqrt(epsilon === 0 ? variance : tf.add(variance, epsilon)) };
}

/**
 * u = factor (v - mean) / sqrt(variance + epsilon), of each filter by itself; nothing is detached.
 *
 * With c = v - mean, s the root and N the divisor of the variance: du_i/dv_j = factor ((delta_ij - 1/n) / s - c_i c_j / (N s^3)),
 * since ds/dv_j = c_j / (N s) (the mean's own part vanishes, as sum c = 0). So the gradient at v is
 * factor / s (g - mean(g) - c <g, c> / (N s^2)).
 */
export function standardize(options: Standardization): LatentTransform {
  const { unbiased, epsilon, factor } = options;
  return {
    name: 'standardised per filter',
    parameters: [],
    forward: (v) =>
      tf.tidy(() => {
        const { mean, deviation } = filterStatistics(v, options);
        return tf.mul(tf.sub(v, mean), tf.div(factor, deviation));
      }),
    backward: (gradient, v) => {
      const input = tf.tidy(() => {
        const axes = filterAxes(v);
        const { mean, deviation } = filterStatistics(v, { unbiased, epsilon });
        const c = tf.sub(v, mean);
        const divisor = unbiased ? filterSize(v) - 1 : filterSize(v);
        const along = tf.div(tf.sum(tf.mul(gradient, c), axes, true), divisor);
        const radial = tf.mul(c, tf.div(along, tf.square(deviation)));
        const centred = tf.sub(gradient, tf.mean(gradient, axes, true));
        return tf.mul(tf.sub(centred, radial), tf.div(factor, deviation));
      });
      return { input, parameters: [] };
    },
  };
}

/** IR-Net's v = (W - mean) / std with the unbiased std; its scale is that of these very numbers. */
export const unbiasedStandard = standardize({ unbiased: true, epsilon: 0, factor: 1 });

/**
 * u = clip(inner(v), -q, q) with q = factor(p) mean |inner(v)| over the whole layer, q detached. The gradient passes where
 * |inner(v)| <= q.
 */
export function clipToQuantile(
  inner: LatentTransform,
  factor: (p: Progress) => number,
): LatentTransform {
  const bound = (u: Tensor, p: Progress) => tf.mul(layerMean(tf.abs(u)), factor(p));
  return {
    name: `${inner.name}, clipped`,
    parameters: inner.parameters,
    forward: (v, parameters, p) =>
      tf.tidy(() => {
        const u = inner.forward(v, parameters, p);
        const q = bound(u, p);
        return tf.maximum(tf.minimum(u, q), tf.neg(q));
      }),
    backward: (gradient, v, parameters, p) => {
      const masked = tf.tidy(() => {
        const u = inner.forward(v, parameters, p);
        return tf.mul(gradient, notAbove(tf.abs(u), bound(u, p)));
      });
      const carried = inner.backward(masked, v, parameters, p);
      masked.dispose();
      return carried;
    },
  };
}

/**
 * u = v / sqrt(variance + epsilon), the unbiased variance of each sample over all its axes. No sign changes, so only the
 * backward computes it.
 *
 * With c = v - mean, s the root and n entries: ds/dv_j = c_j / ((n - 1) s), so the gradient at v is
 * g / s - c <g, v> / ((n - 1) s^3).
 */
export function divideBySampleDeviation(epsilon: number): LatentTransform {
  const statistics = (v: Tensor) => {
    const axes = sampleAxes(v);
    const c = tf.sub(v, tf.mean(v, axes, true));
    // Of a single entry the variance is 0, not 0 / 0.
    const free = Math.max(1, v.size / v.shape[0] - 1);
    const s = tf.sqrt(tf.add(tf.div(tf.sum(tf.square(c), axes, true), free), epsilon));
    return { axes, c, free, s };
  };
  return {
    name: 'divided by the standard deviation of its sample',
    parameters: [],
    forward: (v) => tf.tidy(() => tf.div(v, statistics(v).s)),
    backward: (gradient, v) => {
      const input = tf.tidy(() => {
        const { axes, c, free, s } = statistics(v);
        const along = tf.div(tf.sum(tf.mul(gradient, v), axes, true), free);
        const cubed = tf.mul(s, tf.square(s));
        return tf.sub(tf.div(gradient, s), tf.mul(c, tf.div(along, cubed)));
      });
      return { input, parameters: [] };
    },
    signs: () => ({}),
  };
}

/** u = v + s with a learnable s per channel, 0 at the start. */
export const shiftPerChannel: LatentTransform = {
  name: 'shifted per channel',
  parameters: [{ name: 'inputShift', initialValue: 0, shape: 'per-channel' }],
  forward: (v, [s]) => tf.add(v, s),
  backward: (gradient) => ({
    input: gradient.clone(),
    parameters: [tf.sum(gradient, filterAxes(gradient))],
  }),
  signs: ([s]) => ({ shift: s }),
};

/** u = sin(omega v): the sign changes every pi / omega, so that clipping or decaying v moves it to and fro. */
export function sine(omega: number): LatentTransform {
  return {
    name: `sin(${omega} v)`,
    parameters: [],
    forward: (v) => tf.tidy(() => tf.sin(tf.mul(v, omega))),
    backward: (gradient, v) => ({
      input: tf.tidy(() => tf.mul(gradient, tf.mul(omega, tf.cos(tf.mul(v, omega))))),
      parameters: [],
    }),
  };
}

/**
 * u = (v - b) / a with one learnable a (1 at the start) and one learnable b (0) for the layer. With g the gradient at u:
 * at v g / a, at a -sum g u / a, at b -sum g / a.
 */
export const centreAndScale: LatentTransform = {
  name: '(v - b) / a',
  parameters: [
    { name: 'inputScale', initialValue: 1, shape: 'scalar' },
    { name: 'inputCentre', initialValue: 0, shape: 'scalar' },
  ],
  forward: (v, [a, b]) => tf.tidy(() => tf.div(tf.sub(v, b), a)),
  backward: (gradient, v, [a, b]) => {
    const [input, atA, atB] = tf.tidy(() => {
      const atV = tf.div(gradient, a);
      const u = tf.div(tf.sub(v, b), a);
      const sum = (t: Tensor) => tf.reshape(tf.neg(tf.sum(t)), [1]);
      return [atV, sum(tf.mul(atV, u)), sum(atV)];
    });
    return { input, parameters: [atA, atB] };
  },
  // The sign of a quotient is that of the product with the divisor's sign, which rounds once less.
  signs: ([a, b]) => {
    const side = signOf(a);
    return { factor: side, shift: tf.neg(tf.mul(b, side)) };
  },
};
