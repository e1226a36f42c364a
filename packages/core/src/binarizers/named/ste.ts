/**
 * The straight-through estimator (Hubara et al. 2016, arXiv 1602.02830): sign forward, the box |u| <= 1
 * backward, and as a weight binarizer latent weights clipped to [-1, 1] after each step, so that none
 * drifts to where its gradient is 0 for good.
 */
import type { Binarizer } from '../binarizer.js';
import { boxSurrogate } from '../surrogates.js';
import { noTransform } from '../transforms.js';

export const ste: Binarizer = {
  name: 'ste',
  transform: noTransform,
  surrogate: boxSurrogate(1),
  latentRange: [-1, 1],
  describe: {
    forward: 'sign(u)',
    backward: 'g 1[|u| <= 1]',
    schedule: 'none',
    source: 'BNN, arXiv 1602.02830',
  },
};
