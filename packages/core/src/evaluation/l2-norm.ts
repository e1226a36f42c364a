/** Rule of the L2 norm, by the runtime's own loop: squares summed in f64, so that no order of a backend's sums is seen. */
import * as tf from '@tensorflow/tfjs-core';
import { l2Norm } from '@surge-bnn/runtime';
import { weightOf } from './layer-parts.js';
import type { Rule } from './rule.js';

export const l2NormLayer: Rule = (layer, [x]) => {
  const y = new Float32Array(x.size);
  l2Norm(x.dataSync<'float32'>(), weightOf(layer, 'scale').dataSync<'float32'>(), y);
  return tf.tensor(y, x.shape);
};
