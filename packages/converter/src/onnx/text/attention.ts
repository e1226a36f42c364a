/**
 * Attention in ONNX: softmax in float, BiBERT's and BiT's in real arithmetic of signs. Products of signs are integers, which float32 adds exactly in
 * any order; scales stand behind them, after a Round that keeps optimisers from multiplying them into the operands.
 */
import * as tf from '@tensorflow/tfjs-core';
import { resolveInputBinarizer } from '@surge-bnn/core';
import { ops, SelfAttention } from '@surge-bnn/language';
import type { NodeWriter } from '../node-writer.js';
import { dataTypes } from '../schema.js';
import { cannotExport } from './rule.js';
import type { LayerWriter, TextCall, TextRule } from './rule.js';

/** [batch, length] of 1 and 0 to what is added to scores, [batch, 1, 1, length]: one value for all layers. */
export function maskBias(write: NodeWriter, mask: string): string {
  const apart = write.step('apart', 'Unsqueeze', [mask, write.integers([1, 2])]);
  const pieces = write.step('pieces', 'Cast', [apart], { to: dataTypes.float32 });
  const padding = write.step('padding', 'Sub', [write.scalar(1), pieces]);
  return write.last('Mul', [padding, write.scalar(ops.MASKED)]);
}

/** The heads apart: [batch, heads, length, each], keys with the last two exchanged. */
interface Heads {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly bias: string;
  /** Width of a head. */
  readonly each: number;
}

/** Reads query, key, value and, in the mask's place, `maskBias` of it. */
export const selfAttention: TextRule = (call) => {
  const { layer, write } = call;
  if (!(layer instanceof SelfAttention)) {
    throw cannotExport(layer, 'it was made by another copy of @surge-bnn/language');
  }
  const { kind, heads } = layer;
  if (kind === 'two-bit') {
    throw cannotExport(layer, 'operands of 2 bits are a step of training and are not shipped');
  }
  const width = widthOf(call);
  const split = (what: string, x: string, perm: readonly number[]) => {
    const apart = [x, write.integers([0, 0, heads, width / heads])];
    return write.step(what, 'Transpose', [write.step(`${what}/heads`, 'Reshape', apart)], { perm });
  };
  const [query, key, value, bias] = call.values;
  const context = contexts[kind](write, {
    query: split('query', query, [0, 2, 1, 3]),
    key: split('key', key, [0, 2, 3, 1]),
    value: split('value', value, [0, 2, 1, 3]),
    bias,
    each: width / heads,
  });
  const together = write.step('together', 'Transpose', [context], { perm: [0, 2, 1, 3] });
  return write.last('Reshape', [together, write.integers([0, 0, width])]);
};

function widthOf({ layer }: TextCall): number {
  const shape = layer.outputShape;
  const width = Array.isArray(shape) ? shape.at(-1) : undefined;
  if (typeof width === 'number') return width;
  throw new Error(`layer "${layer.name}" has no width; is it built?`);
}

type Context = (write: LayerWriter, heads: Heads) => string;

const contexts: Readonly<Record<Exclude<SelfAttention['kind'], 'two-bit'>, Context>> = {
  softmax: (write, { query, key, value, bias, each }) => {
    const scores = write.step('scores', 'MatMul', [query, key]);
    return write.step('context', 'MatMul', [
      softmax(write, scores, 1 / Math.sqrt(each), bias),
      value,
    ]);
  },

  /** [score + mask >= 0] chooses the values. */
  bibert: (write, { query, key, value, bias, each }) => {
    const scores = signProducts(write, query, key);
    const scaled = write.step('scaled', 'Mul', [
      scores,
      write.scalar(Math.fround(1 / Math.sqrt(each))),
    ]);
    const masked = write.step('masked', 'Add', [scaled, bias]);
    return write.step('context', 'MatMul', [bits(write, masked), write.signOf('value', value)]);
  },

  /** Every operand is one of two multiples of a scale; softmax is of integers times the scales, and its elastic bits choose the values. */
  bit: (write, { query, key, value, bias, each }) => {
    const of = (operand: 'query' | 'key' | 'value') => elastic(write, operand, 'signed').scale;
    const factor = Math.fround(of('query') * of('key')) / Math.sqrt(each);
    const probabilities = softmax(write, signProducts(write, query, key), factor, bias);
    const { scale, shift } = elastic(write, 'probability', 'unsigned');
    const above = write.step('above', 'Add', [probabilities, write.scalar(shift)]);
    const sums = write.step('sums', 'MatMul', [bits(write, above), write.signOf('value', value)]);
    // The set's values are scale (sign + 1): twice the scale for a bit that is set.
    const behind = write.scalar(Math.fround(2 * scale * of('value')));
    return write.step('context', 'Mul', [write.step('integers', 'Round', [sums]), behind]);
  },
};

/** The integers sign(q) sign(k)^T. */
function signProducts(write: LayerWriter, query: string, key: string): string {
  const operands = [write.signOf('query', query), write.signOf('key', key)];
  return write.step('scores', 'Round', [write.step('products', 'MatMul', operands)]);
}

function softmax(write: LayerWriter, scores: string, factor: number, bias: string): string {
  const scaled = write.step('scaled', 'Mul', [scores, write.scalar(Math.fround(factor))]);
  const masked = write.step('masked', 'Add', [scaled, bias]);
  return write.step('probabilities', 'Softmax', [masked], { axis: -1 });
}

/** 1 where a number is at least 0, else 0. */
function bits(write: LayerWriter, x: string): string {
  const reached = write.step('reached', 'GreaterOrEqual', [x, write.scalar(0)]);
  return write.step('bits', 'Where', [reached, write.scalar(1), write.scalar(0)]);
}

/** What one of BiT's operands is binarized with: scale sign(x + shift), and as much again where the set is unsigned. */
function elastic(write: LayerWriter, operand: string, set: 'signed' | 'unsigned') {
  const binarizer = resolveInputBinarizer({ name: 'bit', set, shift: false });
  if (binarizer === 'none') throw new Error('bit is a binarizer');
  const parameters = [write.tensor(`${operand}Scale`)];
  let [scale, shift] = [NaN, 0];
  tf.tidy(() => {
    const first = (t: tf.Tensor | undefined) => t?.dataSync()[0];
    scale = first(binarizer.set?.values(parameters, 1).scale) ?? NaN;
    shift = first(binarizer.transform.signs?.(parameters, 1).shift) ?? 0;
  });
  return { scale, shift };
}
