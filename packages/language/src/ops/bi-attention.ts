/**
 * BiBERT's bi-attention (arXiv 2203.06390, section 3.2), products of bits alone:
 *
 *     s = sign(q) sign(k)^T / sqrt(d) + mask,   A = bool(s) in {0, 1},   context = A sign(v)
 *     backward: 1[|u| < 1] at q, k, v and at s
 *
 * There is no softmax: bool(s) = [s >= 0] keeps what matters of it, and the mask's huge negative number makes padding 0.
 *
 * Traps. sign(q) sign(k)^T is an integer of the parity of d, so that for an even d a score of exactly 0 is common: the paper's bool makes it 1,
 * as sign(0) = +1; the authors' code, by torch.sign, makes it 0. In training dropout comes before bool, on the scores; what it drops is 0 in A, as
 * in their code, and the others are larger in the eyes of the window. The window is open at 1, as for the inputs of the linear layers: scores are often 1 where d is 4 or 16.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import {
  noTransform,
  openBoxSurrogate,
  ops,
  type Binarizer,
  type Surrogate,
} from '@surge-bnn/core';
import { overScores, products, type Heads } from './attention.js';
import { dropout as dropOut, type Draw } from './dropout.js';

/** 2 where |u| < 1. */
const twice: Surrogate = {
  name: 'open box of height 2',
  box: { width: 1 - 2 ** -24, height: 2 },
  slope: (u, p) => tf.tidy(() => tf.mul(openBoxSurrogate.slope(u, p), 2)),
};

const describe = {
  forward: '',
  backward: '',
  schedule: 'none',
  source: 'BiBERT, arXiv 2203.06390',
};

const signs: Binarizer = {
  name: 'bibert attention',
  transform: noTransform,
  surrogate: openBoxSurrogate,
  describe: { ...describe, forward: 'sign(u)', backward: 'g 1[|u| < 1]' },
};

/** {0, 1} as (sign + 1) / 2: a slope of 2 makes the gradient 1 inside of the window. */
const bool: Binarizer = {
  name: 'bool',
  transform: noTransform,
  surrogate: twice,
  set: {
    name: '{0, 1}',
    values: () => ({ scale: tf.tensor1d([0.5]), offset: tf.tensor1d([0.5]) }),
    backward: () => [],
  },
  describe: { ...describe, forward: '[u >= 0]', backward: 'g 1[|u| < 1]' },
};

/**
 * The context of each head, [batch, heads, length, width / heads].
 *
 * @param bias [batch, keys] or [batch, queries, keys], `maskBias` of the mask. @param name for errors.
 * @param dropout of the scores, in training; absent: none.
 */
export function biAttention(
  { query, key, value }: Heads,
  bias: Tensor,
  dropout: Draw | undefined,
  name: string,
): Tensor4D {
  const sign = (t: Tensor4D) => ops.binarize(t, { binarizer: signs, name });
  const each = query.shape[3];
  const scores = tf.mul(products({ query: sign(query), key: sign(key) }), 1 / Math.sqrt(each));
  const left = dropout === undefined ? scores : dropOut(scores, dropout);
  const masked = tf.add(left, overScores(bias));
  const bits = ops.binarize(masked, { binarizer: bool, name });
  const kept = dropout === undefined ? bits : dropOut(bits, dropout, 1);
  return tf.matMul(kept, sign(value));
}
