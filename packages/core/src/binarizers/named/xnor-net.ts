/**
 * XNOR-Net (Rastegari et al. 2016, arXiv 1603.05279): weights a_c sign(W) with a_c = mean |W| of the filter, the factor that is
 * nearest to W (equation 6), inputs plain signs.
 *
 *     dL/dW_i = a_c G_i 1[|W_i| <= 1] + sign(W_i) / n sum_j G_j sign(W_j),    G the gradient at the effective weights
 *
 * Traps. The paper's equation 11 writes dL/dW_i = G_i (1/n + a_c 1[..]): its 1/n takes a_c for a function of W_i with the
 * gradient at W_i alone. Here a_c is live by the chain rule, sum included, as in the PyTorch ports that people use. The paper
 * also scales inputs by a local mean K; its authors found that it hardly matters (section 3.2), later work drops it, and a
 * packed network could not have it. A sign in sign(W_i) of the scale's term is 0 at 0, the derivative of |W|.
 */
import type { Sides } from '../binarizer.js';
import { liveMeanScale } from '../scales.js';
import { ste } from './ste.js';

export const xnorNet: Sides = {
  input: ste,
  weight: {
    ...ste,
    name: 'xnor-net',
    scale: liveMeanScale,
    describe: {
      forward: 'mean|W| sign(W), mean per filter',
      backward: 'box |W| <= 1, and through the live mean',
      schedule: 'none',
      source: 'XNOR-Net, arXiv 1603.05279',
    },
  },
};
