/**
 * Attention in ONNX: softmax in float, BiBERT's and BiT's in real arithmetic of signs. Products of signs are integers, which float32 adds exactly in
 * any order; scales stand behind them, after a Round that keeps optimisers from multiplying them into the operands.
 */
import { ops, SelfAttention } from '@surge-bnn/language';
import type { AttentionNumbers } from '@surge-bnn/language';
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
}

/** Reads query, key, value and, in the mask's place, `maskBias` of it. */
export const selfAttention: TextRule = (call) => {
  const { layer, write } = call;
  if (!(layer instanceof SelfAttention)) {
    throw cannotExport(
      layer,
      'it was made by another copy of @surge-bnn/language; install it once',
    );
  }
  const { kind, heads } = layer;
  if (kind === 'two-bit') {
    throw cannotExport(layer, 'operands of 2 bits are a step of training and are not shipped');
  }
  const width = widthOf(call);
  const split = (what: string, x: string, perm: readonly number[]) => {
    const shape = write.integers([0, 0, heads, width / heads]);
    const headed = write.step(`${what}/heads`, 'Reshape', [x, shape]);
    return write.step(what, 'Transpose', [headed], { perm });
  };
  const [query, key, value, bias] = call.values;
  const apart = {
    query: split('query', query, [0, 2, 1, 3]),
    key: split('key', key, [0, 2, 3, 1]),
    value: split('value', value, [0, 2, 1, 3]),
    bias,
  };
  const context = contextOf(write, apart, layer.inferenceNumbers());
  const together = write.step('together', 'Transpose', [context], { perm: [0, 2, 1, 3] });
  return write.last('Reshape', [together, write.integers([0, 0, width])]);
};

function widthOf({ layer }: TextCall): number {
  const shape = layer.outputShape;
  const width = Array.isArray(shape) ? shape.at(-1) : undefined;
  if (typeof width === 'number') return width;
  throw new Error(`layer "${layer.name}" has no width; is it built?`);
}

/** What the queries make of the values, the heads apart. */
function contextOf(
  write: LayerWriter,
  { query, key, value, bias }: Heads,
  numbers: AttentionNumbers,
): string {
  switch (numbers.kind) {
    case 'softmax': {
      const scores = write.step('scores', 'MatMul', [query, key]);
      return write.step('context', 'MatMul', [softmax(write, scores, numbers.scale, bias), value]);
    }
    // The scores' division by a root changes no sign.
    case 'bibert': {
      const masked = write.step('masked', 'Add', [signProducts(write, query, key), bias]);
      const chosen = bits(write, masked, 0);
      return write.step('context', 'MatMul', [chosen, write.signOf('value', value)]);
    }
    // Every operand is one of two multiples of a scale: softmax is of integers times the scales, and its elastic bits choose the values.
    case 'bit': {
      const scores = signProducts(write, query, key);
      const chosen = bits(write, softmax(write, scores, numbers.factor, bias), numbers.least);
      const sums = write.step('sums', 'MatMul', [chosen, write.signOf('value', value)]);
      const integers = write.step('integers', 'Round', [sums]);
      return write.step('context', 'Mul', [integers, write.scalar(numbers.context)]);
    }
  }
}

/** The integers sign(q) sign(k)^T. */
function signProducts(write: LayerWriter, query: string, key: string): string {
  const operands = [write.signOf('query', query), write.signOf('key', key)];
  return write.step('scores', 'Round', [write.step('products', 'MatMul', operands)]);
}

function softmax(write: LayerWriter, scores: string, factor: number, bias: string): string {
  const scaled = write.step('scaled', 'Mul', [scores, write.scalar(factor)]);
  const masked = write.step('masked', 'Add', [scaled, bias]);
  return write.step('probabilities', 'Softmax', [masked], { axis: -1 });
}

/** 1 where a number is at least `least`, else 0. */
function bits(write: LayerWriter, x: string, least: number): string {
  const reached = write.step('reached', 'GreaterOrEqual', [x, write.scalar(least)]);
  return write.step('bits', 'Where', [reached, write.scalar(1), write.scalar(0)]);
}
