/**
 * BiBERT (Qin et al. 2022, arXiv 2203.06390), its linear layers: weights centred, inputs plain signs.
 *
 *     weights a_c sign(v), v = W - mean_c W,  a_c = mean_c |W| of the weights as they are, a constant in backward
 *     dL/dW = through the centring of G 1[|v| <= 1],  G the gradient at the effective weights: a_c is no factor of it
 *     inputs  sign(x), slope 1[|x| < 1]
 *
 * Traps. The scale is of the uncentred weights, the signs are of the centred ones. The centring is not detached: the gradient loses its mean
 * in each filter. The inputs' window is open at 1, the weights' closed: behind attention with bits inputs are whole numbers, many of which
 * are -1 or 1 and get no gradient. What makes BiBERT more than this, attention scores as bits and its distillation, is not a matter of a layer's binarizers:
 * `@surge-bnn/language` has the former.
 */
import type { Sides } from '../binarizer.js';
import { detachedMeanScale } from '../scales.js';
import { boxSurrogate, openBoxSurrogate } from '../surrogates.js';
import { centrePerFilter, noTransform } from '../transforms.js';

const source = 'BiBERT, arXiv 2203.06390';

export const biBert: Sides = {
  input: {
    name: 'bibert',
    transform: noTransform,
    surrogate: openBoxSurrogate,
    describe: { forward: 'sign(x)', backward: 'open box |x| < 1', schedule: 'none', source },
  },
  weight: {
    name: 'bibert',
    transform: centrePerFilter,
    surrogate: boxSurrogate(1),
    scale: detachedMeanScale,
    describe: {
      forward: 'mean|W| sign(W - mean), means per filter',
      backward: 'box |W - mean| <= 1, through the mean; the scale detached and no factor of it',
      schedule: 'none',
      source,
    },
  },
};
