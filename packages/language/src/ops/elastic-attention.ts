/**
 * BiT's attention (arXiv 2205.13016): a softmax whose four operands are elastic sets, each with a learnable scale for the layer.
 *
 *     context = b_A(softmax(b_q(q) b_k(k)^T / sqrt(d) + mask)) b_v(v)
 *     b_q, b_k, b_v into {-a, +a},  b_A into {0, a};  of 2 bits into a {-2, -1, 0, 1} and a {0, 1, 2, 3}
 *
 * The authors' shifts of q, k and v are computed and then overwritten unused: there are none here.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { ops, type BinarizerSpec } from '@surge-bnn/core';
import { attentionSoftmax } from './attention-softmax.js';
import { products, type Heads } from './attention.js';
import { dropout as dropOut, type Draw } from './dropout.js';

/** The scales, [1] each. */
export interface ElasticScales {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly probability: Tensor;
}

/** Bits of each operand. */
export type ElasticBits = 1 | 2;

/** The binarizer of an operand: probabilities are never negative. */
export function elasticSide(operand: keyof ElasticScales, bits: ElasticBits): BinarizerSpec {
  const set = operand === 'probability' ? 'unsigned' : 'signed';
  return { name: 'bit', set, shift: false, bits };
}

/**
 * The context of each head, [batch, heads, length, width / heads].
 *
 * @param scaleOf the scale of an operand, which is told what it is for: a first batch decides it.
 * @param dropout of the probabilities, in training; absent: none.
 * @param name for errors.
 */
export function elasticAttention(
  { query, key, value }: Heads,
  bias: Tensor,
  scaleOf: (operand: keyof ElasticScales, values: Tensor) => Tensor,
  dropout: Draw | undefined,
  bits: ElasticBits,
  name: string,
): Tensor4D {
  const elastic = <T extends Tensor>(operand: keyof ElasticScales, t: T) =>
    ops.binarize(t, {
      binarizer: elasticSide(operand, bits),
      parameters: [scaleOf(operand, t)],
      name,
    });
  const both = { query: elastic('query', query), key: elastic('key', key) };
  const scale = 1 / Math.sqrt(query.shape[3]);
  const softmax = attentionSoftmax(products(both), bias, scale);
  const probabilities = dropout === undefined ? softmax : dropOut(softmax, dropout);
  return tf.matMul(elastic('probability', probabilities), elastic('value', value));
}
