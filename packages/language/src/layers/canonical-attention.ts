/**
 * Attention in canonical arithmetic, by the runtime's own loops, text by text on its pieces alone: padding has no part in any sum, so that a text in a
 * padded batch has the bits that it has alone.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { nanAtSign } from '@surge-bnn/contract';
import {
  bitAttention,
  exponentials,
  likely,
  notNegative,
  signBits,
  softmaxAttention,
  wordsFor,
} from '@surge-bnn/runtime';
import type { AttentionShape } from '@surge-bnn/runtime';

/** What attention computes with in evaluation: each number a float32. */
export type AttentionNumbers =
  /** scale: 1 / sqrt(d). */
  | { readonly kind: 'softmax'; readonly scale: number }
  | { readonly kind: 'bibert' }
  /**
   * factor: a_q a_k / sqrt(d), which an integer score is multiplied with. least: a_A / 2, from which on a probability is a 1. context: a_A a_v, which
   * a sum of bits is multiplied with.
   */
  | {
      readonly kind: 'bit';
      readonly factor: number;
      readonly least: number;
      readonly context: number;
    };

/** Of one text: [pieces, width] each. */
type Attend = (operands: readonly Float32Array[], shape: AttentionShape, out: Float32Array) => void;

/**
 * The layer's output, [batch, length, width]; 0 where there is padding.
 *
 * @param inputs query, key and value, [batch, length, width], and the mask [batch, length].
 * @param layer for errors.
 */
export function canonicalAttention(
  inputs: readonly Tensor[],
  heads: number,
  numbers: AttentionNumbers,
  layer: string,
): Tensor {
  const { shape } = inputs[0];
  const [batch, length, width] = shape;
  const operands = inputs.slice(0, 3).map((t) => t.dataSync<'float32'>());
  const mask = inputs[3].dataSync();
  const attend = numbers.kind === 'softmax' ? floatAttend(numbers.scale) : onBits(numbers, layer);
  const out = new Float32Array(batch * length * width);
  for (let text = 0; text < batch; text++) {
    const rows = Array.from({ length }, (_, i) => text * length + i).filter((i) => mask[i] !== 0);
    if (rows.length === 0) continue;
    const pieces = operands.map((values) => rowsOf(values, rows, width));
    const context = new Float32Array(rows.length * width);
    attend(pieces, { queries: rows.length, keys: rows.length, width, heads }, context);
    rows.forEach((row, i) => {
      out.set(context.subarray(i * width, (i + 1) * width), row * width);
    });
  }
  return tf.tensor(out, shape);
}

function rowsOf(values: Float32Array, rows: readonly number[], width: number): Float32Array {
  const [first, last] = [rows[0], rows[rows.length - 1]];
  // Pieces stand together, as a rule.
  if (last - first === rows.length - 1) return values.subarray(first * width, (last + 1) * width);
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    out.set(values.subarray(row * width, (row + 1) * width), i * width);
  });
  return out;
}

function floatAttend(scale: number): Attend {
  return ([q, k, v], shape, out) => {
    softmaxAttention(q, k, v, shape, scale, out);
  };
}

function onBits(
  numbers: Exclude<AttentionNumbers, { readonly kind: 'softmax' }>,
  layer: string,
): Attend {
  const factor = numbers.kind === 'bit' ? numbers.context : 1;
  return (operands, shape, out) => {
    const { keys, width } = shape;
    const [q, k, v] = operands.map((values) => {
      const bits = new Uint32Array(keys * wordsFor(width));
      if (signBits(values, width, bits) >= 0) throw nanAtSign('input', layer);
      return bits;
    });
    const choose =
      numbers.kind === 'bit'
        ? likely(exponentials(shape, numbers.factor), numbers.least)
        : notNegative(shape);
    const sums = new Int32Array(keys * width);
    bitAttention(q, k, v, shape, choose, sums);
    for (let i = 0; i < sums.length; i++) out[i] = sums[i] * factor;
  };
}
