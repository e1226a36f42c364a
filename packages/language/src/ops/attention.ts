/** Scaled dot-product attention of several heads on [batch, length, width] tensors (Vaswani et al. 2017, 3.2). */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';

/** What an attention multiplies, heads apart: float32 [batch, heads, length, width / heads]. */
export interface Heads {
  readonly query: Tensor4D;
  readonly key: Tensor4D;
  readonly value: Tensor4D;
}

/**
 * Most negative finite float32: added to the scores of padding, as Hugging Face does it. A text of padding alone attends to all of it evenly,
 * without a NaN.
 */
export const MASKED = -3.4028234663852886e38;

/** [batch, length, width] to [batch, heads, length, width / heads]; head h has the h-th part of the width. */
export function splitHeads(x: Tensor, heads: number): Tensor4D {
  const [batch, length, width] = x.shape;
  const apart = tf.reshape<tf.Rank.R4>(x, [batch, length, heads, width / heads]);
  return tf.transpose(apart, [0, 2, 1, 3]);
}

/** The way back. */
export function joinHeads(x: Tensor4D): Tensor {
  const [batch, heads, length, each] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, length, heads * each]);
}

/** q k^T for each head: [batch, heads, queries, keys]. */
export function products({ query, key }: Pick<Heads, 'query' | 'key'>): Tensor4D {
  return tf.matMul(query, key, false, true);
}

/** Of the mask's shape, [batch, keys] or [batch, queries, keys]: 0 where the mask is 1, `MASKED` where it is 0. */
export function maskBias(mask: Tensor): Tensor {
  return tf.tidy(() => tf.mul(tf.sub(tf.cast(mask, 'float32'), 1), -MASKED));
}

/** A bias of either shape, for scores [batch, heads, queries, keys]. */
export function overScores(bias: Tensor): Tensor {
  const [batch, ...rest] = bias.shape;
  return tf.reshape(bias, rest.length === 1 ? [batch, 1, 1, ...rest] : [batch, 1, ...rest]);
}

/** @throws InputError naming the layer for shapes that are no attention's. */
export function checkAttention(
  [query, key, value, mask]: readonly Tensor[],
  heads: number,
  layer: string,
): void {
  const [batch, length] = query.shape;
  const masks = [
    [batch, length],
    [batch, length, length],
  ];
  const fits =
    query.rank === 3 &&
    tf.util.arraysEqual(query.shape, key.shape) &&
    tf.util.arraysEqual(query.shape, value.shape) &&
    query.shape.slice(2).every((width) => width % heads === 0) &&
    masks.some((shape) => tf.util.arraysEqual(mask.shape, shape));
  if (fits) return;
  throw new InputError(
    `layer "${layer}": query, key and value must be [batch, length, width] with ${heads} heads in the width, and the mask [batch, length] or, for each query, [batch, length, length], got [${query.shape}], [${key.shape}], [${value.shape}] and [${mask.shape}]`,
  );
}
