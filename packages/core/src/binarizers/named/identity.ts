/** Sign forward, slope 1 backward: the plainest estimator, a control that SURGE has to beat. */
import type { Binarizer } from '../binarizer.js';
import { identitySurrogate } from '../surrogates.js';
import { noTransform } from '../transforms.js';

export const identity: Binarizer = {
  name: 'identity',
  transform: noTransform,
  surrogate: identitySurrogate,
  describe: {
    forward: 'sign(u)',
    backward: 'g',
    schedule: 'none',
    source: 'Bengio et al., arXiv 1308.3432',
  },
};
