/**
 * ReActNet (Liu et al. 2020, arXiv 2003.03488): RSign, sign(x + s) with a learnable s per input channel; weights as in
 * Bi-Real Net. Its activation RPReLU is `layers.rprelu`.
 *
 *     dL/dx = g max(0, 2 - 2|x + s|),    dL/ds = sum of that over batch and positions
 *
 * Traps. The paper writes sign(x - alpha) (equation 3), the authors' code adds a bias: s = -alpha. With padding by 0 the code pads
 * after the sign, so a border is 0 and not sign(s). Two stages: binary inputs with float weights first, then both.
 */
import type { Sides } from '../binarizer.js';
import { quadraticSurrogate } from '../surrogates.js';
import { shiftPerChannel } from '../transforms.js';
import { biReal } from './bi-real.js';

export const reActNet: Sides = {
  input: {
    name: 'reactnet',
    transform: shiftPerChannel,
    surrogate: quadraticSurrogate,
    describe: {
      forward: 'sign(x + s), s learnable per channel',
      backward: 'g max(0, 2 - 2|x + s|), also to s',
      schedule: 'none',
      source: 'ReActNet, arXiv 2003.03488',
    },
  },
  weight: {
    ...biReal.weight,
    name: 'reactnet',
    describe: { ...biReal.weight.describe, source: 'ReActNet, arXiv 2003.03488' },
  },
};
