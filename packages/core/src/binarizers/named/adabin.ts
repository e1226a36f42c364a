/**
 * AdaBin (Tu et al. 2022, arXiv 2208.08084): two values of its own for each filter and for each layer's inputs.
 *
 *     weights a_c sign(v) + b_c,  v = (W - b_c) / a_c,  b_c = mean_c W,  a_c = population standard deviation, neither detached
 *     inputs  a sign(r) + a b,    r = (x - b) / a,      a and b one learnable number each for the layer, 1 and 0 at the start
 *     slope at v: IR-Net's K t (1 - tanh(t v)^2);  at r: max(0, 2 - 2|r|)
 *
 * Sums of such products are four sums of signs, y = a a_c <s, B> + a b_c <s, 1> + o a_c <1, B> + o b_c <1, 1> with o the inputs' offset: the
 * popcount, a sum of signs over the window, and two numbers that depend on no input but, where the picture is padded with 0, on
 * the border. A packed model computes exactly these.
 *
 * Traps. The paper's inputs are a sign(r) + b (equation 12), the authors' code has a (sign(r) + b): `offset: 'paper'` chooses the former. There
 * the picture is padded with 0, outside both values, as here with padValue 0, the default of the networks from papers; a layer's own default, +1,
 * pads with the value of that sign, a + o, and -1 with o - a. A filter that is constant has a_c = 0 and is an error. Its activation, a slope of its
 * own for either side, is `layers.maxout`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import type { InputSet, Sides } from '../binarizer.js';
import { deviationScale, meanOffset } from '../scales.js';
import { quadraticSurrogate, tanhSurrogate } from '../surrogates.js';
import { centreAndScale, standardize } from '../transforms.js';
import { errorDecay } from './ir-net.js';
import type { ErrorDecayOptions } from './ir-net.js';

export interface AdaBinOptions extends ErrorDecayOptions {
  /** The inputs' offset: a b as in the authors' code, or b as in the paper. Default 'code'. */
  readonly offset?: 'code' | 'paper';
}

const asInCode: InputSet = {
  name: 'a sign(r) + a b',
  values: ([a, b]) => ({ scale: a.clone(), offset: tf.mul(a, b) }),
  backward: (atScale, atOffset, [a, b]) =>
    tf.tidy(() => [tf.add(atScale, tf.mul(atOffset, b)), tf.mul(atOffset, a)]),
};

const asInPaper: InputSet = {
  name: 'a sign(r) + b',
  values: ([a, b]) => ({ scale: a.clone(), offset: b.clone() }),
  backward: (atScale, atOffset) => [atScale.clone(), atOffset.clone()],
};

export function adaBin(options: AdaBinOptions = {}): Sides {
  const { start = -3, end = 1, offset = 'code' } = options;
  const t = errorDecay({ start, end });
  if (offset !== 'code' && offset !== 'paper') {
    throw new InputError(`offset must be 'code' or 'paper', got ${JSON.stringify(offset)}`);
  }
  const source = 'AdaBin, arXiv 2208.08084';
  return {
    input: {
      name: 'adabin',
      transform: centreAndScale,
      surrogate: quadraticSurrogate,
      set: offset === 'code' ? asInCode : asInPaper,
      describe: {
        forward: `a sign(r) + ${offset === 'code' ? 'a b' : 'b'}, r = (x - b)/a, learnable`,
        backward: 'g max(0, 2 - 2|r|), also to a and b',
        schedule: 'none',
        source,
      },
    },
    weight: {
      name: 'adabin',
      transform: standardize({ unbiased: false, epsilon: 0, factor: 1 }),
      surrogate: tanhSurrogate(t),
      scale: deviationScale,
      offset: meanOffset,
      describe: {
        forward: 'std sign(v) + mean, v = (W - mean)/std per filter',
        backward: 'g K t (1 - tanh(t v)^2), K = max(1/t, 1), and through std and mean',
        schedule: `t = 10^(${start} + ${end - start} p)`,
        source,
      },
    },
  };
}
