/** BNN+'s SwishSign with beta = 5: sign forward, the derivative of a sign-shaped swish backward. */
import type { Binarizer } from '../binarizer.js';
import { swishSurrogate } from '../surrogates.js';
import { noTransform } from '../transforms.js';

export const swishSign: Binarizer = {
  name: 'swish-sign',
  transform: noTransform,
  surrogate: swishSurrogate(5),
  describe: {
    forward: 'sign(u)',
    backward: 'g 5 (2 - 5u tanh(5u/2)) / (1 + cosh(5u))',
    schedule: 'none',
    source: 'BNN+, arXiv 1812.11800',
  },
};
