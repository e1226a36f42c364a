/** Functions of one number, and those over the channels: softmax and the L2 norm. */
import type { OnnxRule } from './rule.js';
import { isPicture } from './rule.js';
import { floatsOf } from '../stored.js';
import { optionalFloats } from './kernels.js';

/** A multiplication and an addition, each rounded, as in the runtime. */
export const affine: OnnxRule<'affine'> = ({ inputs: [input], values: [x], emit }) => {
  const [a, b] = [optionalFloats(emit, 'a'), optionalFloats(emit, 'b')];
  if (b === undefined) {
    emit.last('Mul', [x, emit.perChannel('a', input, a ?? [])]);
    return;
  }
  const scaled =
    a === undefined ? x : emit.step('scaled', 'Mul', [x, emit.perChannel('a', input, a)]);
  emit.last('Add', [scaled, emit.perChannel('b', input, b)]);
};

export const relu: OnnxRule<'relu'> = ({ values, emit }) => {
  emit.last('Relu', values);
};

export const clip: OnnxRule<'clip'> = ({ node: { attributes }, values: [x], emit }) => {
  emit.last('Clip', [x, emit.scalar(attributes.min), emit.scalar(attributes.max)]);
};

export const prelu: OnnxRule<'prelu'> = ({ inputs: [input], values: [x], emit }) => {
  emit.last('PRelu', [x, emit.perChannel('alpha', input, floatsOf(emit.tensor('alpha')))]);
};

export const sigmoid: OnnxRule<'sigmoid'> = ({ values, emit }) => {
  emit.last('Sigmoid', values);
};

export const tanh: OnnxRule<'tanh'> = ({ values, emit }) => {
  emit.last('Tanh', values);
};

export const softmax: OnnxRule<'softmax'> = ({ inputs: [input], values, emit }) => {
  emit.last('Softmax', values, { axis: isPicture(input) ? 1 : -1 });
};

export const l2Norm: OnnxRule<'l2Norm'> = ({ inputs: [input], values: [x], emit }) => {
  const axes = [isPicture(input) ? 1 : -1];
  const length = emit.step('length', 'ReduceL2', [x], { axes, keepdims: 1 });
  const divisor = emit.step('divisor', 'Max', [length, emit.scalar(Math.fround(1e-12))]);
  const unit = emit.step('unit', 'Div', [x, divisor]);
  emit.last('Mul', [unit, emit.perChannel('scale', input, floatsOf(emit.tensor('scale')))]);
};

/** The integers of 8 bits stay floats, which hold them exactly. */
export const quantize: OnnxRule<'quantize'> = ({ node: { attributes }, values: [x], emit }) => {
  const scaled = emit.step('scaled', 'Mul', [x, emit.scalar(Math.fround(attributes.factor))]);
  const limited = emit.step('limited', 'Clip', [scaled, emit.scalar(-127), emit.scalar(127)]);
  // ONNX rounds ties to even, too.
  emit.last('Round', [limited]);
};
