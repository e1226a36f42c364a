/** The scales of weights and their offsets, one number per output channel; none knows which method uses it. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { OffsetRule, ScaleRule } from './binarizer.js';
import { readsAreCheap } from '../ops/sign.js';
import { filterMagnitude, filterMean, filterSize, layerMagnitude } from './means.js';
import { filterStatistics, unbiasedStandard } from './transforms.js';

/** a = mean |W| of each filter, a constant in backward and no factor of the gradient at the signs either. */
export const detachedMeanScale: ScaleRule = {
  name: 'mean |W| per filter, detached',
  parameters: [],
  scale: filterMagnitude,
  multipliesWeightGradient: false,
};

/** a = mean |W| of each filter by the chain rule: da/dW_i = sign(W_i) / n, 0 at W_i = 0. */
export const liveMeanScale: ScaleRule = {
  name: 'mean |W| per filter, live',
  parameters: [],
  scale: filterMagnitude,
  multipliesWeightGradient: true,
  backward: (gradient, latent) => ({
    latent: tf.tidy(() => tf.mul(tf.sign(latent), tf.div(gradient, filterSize(latent)))),
    parameters: [],
  }),
};

/** mean |W| of the layer, once for each filter. */
const layerMagnitudes = (latent: Tensor) =>
  tf.tidy(() => tf.mul(layerMagnitude(latent), tf.ones([latent.shape[latent.rank - 1]])));

/** a = mean |W| over the whole layer, the same for each filter; detached, and no factor of the gradient at the signs. */
export const detachedLayerScale: ScaleRule = {
  name: 'mean |W| of the layer, detached',
  parameters: [],
  scale: layerMagnitudes,
  multipliesWeightGradient: false,
};

/** a = mean |W| over the whole layer, the same for each filter, by the chain rule. */
export const liveLayerScale: ScaleRule = {
  name: 'mean |W| of the layer, live',
  parameters: [],
  scale: layerMagnitudes,
  multipliesWeightGradient: true,
  backward: (gradient, latent) => ({
    latent: tf.tidy(() => tf.mul(tf.sign(latent), tf.div(tf.sum(gradient), latent.size))),
    parameters: [],
  }),
};

/** a learnable per filter, drawn from (0, 1) at the start. */
export const learnableScale: ScaleRule = {
  name: 'learnable per filter',
  parameters: [{ name: 'weightScale', initialValue: { uniform: [0, 1] }, shape: 'per-channel' }],
  scale: (_, [a]) => a.clone(),
  multipliesWeightGradient: true,
  backward: (gradient) => ({ parameters: [gradient.clone()] }),
};

/** a = 2^round(log2 mean |v|) of each filter, v the standardised weights; detached, but a factor of the gradient at the signs. */
export const powerOfTwoScale: ScaleRule = {
  name: 'power of two next to mean |v| per filter, detached',
  parameters: [],
  scale: (latent, _, p) =>
    tf.tidy(() => {
      const magnitude = filterMagnitude(unbiasedStandard.forward(latent, [], p));
      if (!readsAreCheap()) return tf.pow(2, tf.round(tf.div(tf.log(magnitude), Math.LN2)));
      return tf.tensor1d(magnitude.dataSync<'float32'>().map((m) => 2 ** Math.round(Math.log2(m))));
    }),
  multipliesWeightGradient: true,
};

const population = { unbiased: false, epsilon: 0 };

/** a = population standard deviation of each filter by the chain rule: da/dW_i = (W_i - mean) / (n a). */
export const deviationScale: ScaleRule = {
  name: 'standard deviation per filter, live',
  parameters: [],
  scale: (latent) => tf.tidy(() => filterStatistics(latent, population).deviation),
  multipliesWeightGradient: true,
  backward: (gradient, latent) => ({
    latent: tf.tidy(() => {
      const { mean, deviation } = filterStatistics(latent, population);
      const v = tf.div(tf.sub(latent, mean), deviation);
      return tf.mul(v, tf.div(gradient, filterSize(latent)));
    }),
    parameters: [],
  }),
};

/** The mean of each filter by the chain rule. */
export const meanOffset: OffsetRule = {
  name: 'mean W per filter, live',
  offset: (latent) => filterMean(latent),
  backward: (gradient, latent) =>
    tf.tidy(() => tf.mul(tf.onesLike(latent), tf.div(gradient, filterSize(latent)))),
};
