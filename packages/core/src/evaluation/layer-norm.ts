/** Rule of layer norm, by the runtime's own loop: sums in f64 in the order of the channels, each result rounded once. */
import * as tf from '@tensorflow/tfjs-core';
import { layerNorm } from '@surge-bnn/runtime';
import { configOf, weightOf } from './layer-parts.js';
import type { Rule } from './rule.js';

export const layerNormLayer: Rule = (layer, [x]) => {
  const [gamma, beta] = ['gamma', 'beta'].map((name) =>
    weightOf(layer, name).dataSync<'float32'>(),
  );
  const y = new Float32Array(x.size);
  layerNorm(x.dataSync<'float32'>(), gamma, beta, Number(configOf(layer)['epsilon']), y);
  return tf.tensor(y, x.shape);
};
