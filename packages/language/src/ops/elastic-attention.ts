/**
 * BiT's attention (arXiv 2205.13016): a softmax whose four operands are elastic binary sets, each with a learnable scale for the layer.
 *
 *     context = b_A(softmax(b_q(q) b_k(k)^T / sqrt(d) + mask)) b_v(v)
 *     b_q, b_k, b_v into {-a, +a},  b_A into {0, a}
 *
 * The authors' shifts of q, k and v are computed and then overwritten unused: there are none here.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { ops } from '@surge-bnn/core';
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

/** The binarizers of the operands: `signed` those of q, k and v. */
export const elasticSides = {
  signed: { name: 'bit', set: 'signed', shift: false },
  unsigned: { name: 'bit', set: 'unsigned', shift: false },
} as const;

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
  name: string,
): Tensor4D {
  const signed = (operand: 'query' | 'key' | 'value', t: Tensor4D) =>
    ops.binarize(t, { binarizer: elasticSides.signed, parameters: [scaleOf(operand, t)], name });
  const both = { query: signed('query', query), key: signed('key', key) };
  const scale = 1 / Math.sqrt(query.shape[3]);
  const softmax = attentionSoftmax(products(both), bias, scale);
  const probabilities = dropout === undefined ? softmax : dropOut(softmax, dropout);
  const bits = ops.binarize(probabilities, {
    binarizer: elasticSides.unsigned,
    parameters: [scaleOf('probability', probabilities)],
    name,
  });
  return tf.matMul(bits, signed('value', value));
}
