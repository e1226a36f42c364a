/** Bi-Real Net's ApproxSign: sign forward, the triangle max(0, 2 - 2|u|) backward. */
import type { Binarizer } from '../binarizer.js';
import { quadraticSurrogate } from '../surrogates.js';
import { noTransform } from '../transforms.js';

export const approxSign: Binarizer = {
  name: 'approx-sign',
  transform: noTransform,
  surrogate: quadraticSurrogate,
  describe: {
    forward: 'sign(u)',
    backward: 'g max(0, 2 - 2|u|)',
    schedule: 'none',
    source: 'Bi-Real Net, arXiv 1808.00278',
  },
};
