/**
 * Bi-Real Net (Liu et al. 2018, arXiv 1808.00278): inputs with ApproxSign, weights a_c sign(W) with a_c = mean |W| of the filter,
 * taken for a constant.
 *
 *     dL/dW = G 1[|W| <= 1],    G the gradient at the effective weights a_c sign(W)
 *
 * Traps. The backward takes the effective weights for clip(W, -1, 1), so a_c is no factor of dL/dW (it is one of dL/dx). The
 * authors draw latent weights from 0.001 times the uniform distribution on (0, 1): all signs +1 in the first forward. Window 1
 * against weights of 1e-3 never clips. Weight decay drags raw latent weights to their flip point; the authors use none.
 */
import type { Sides } from '../binarizer.js';
import { detachedMeanScale } from '../scales.js';
import { boxSurrogate } from '../surrogates.js';
import { noTransform } from '../transforms.js';
import { approxSign } from './approx-sign.js';

export const biReal: Sides = {
  input: approxSign,
  weight: {
    name: 'bi-real',
    transform: noTransform,
    surrogate: boxSurrogate(1),
    scale: detachedMeanScale,
    describe: {
      forward: 'mean|W| sign(W), mean per filter',
      backward: 'box |W| <= 1, the mean detached and no factor of it',
      schedule: 'none',
      source: 'Bi-Real Net, arXiv 1808.00278',
    },
  },
};
