/** Ops that change every number by itself, and those that look at all channels of a position: softmax and the norms. */
import type { Edge } from '../graph.js';
import {
  affineArray,
  clipArray,
  geluArray,
  preluArray,
  reluArray,
  sigmoidArray,
  softmaxArray,
  tanhArray,
} from '../kernels/element-arrays.js';
import type { Numbers } from '../kernels/float-conv.js';
import { l2Norm as l2NormArray } from '../kernels/l2-norm.js';
import { layerNorm as layerNormArray } from '../kernels/layer-norm.js';
import { AttributeReader, noAttributes } from './attributes.js';
import { asFloats, asNumbers } from './buffers.js';
import { channelsOf, checkType, misfit, numbers } from './edges.js';
import type { Named } from './edges.js';
import type { OpDefinition } from './op.js';

/** f32 or i32 to f32 of the same shape. */
function sameShape(node: Named, [input]: readonly Edge[]): Edge {
  checkType(node, input, numbers);
  return { type: 'f32', shape: input.shape };
}

/** An op without attributes and tensors. */
function plain<Op extends 'relu' | 'sigmoid' | 'tanh' | 'gelu'>(
  op: Op,
  compute: (x: Numbers, out: Float32Array) => void,
): OpDefinition<Op> {
  return {
    op,
    arity: [1, 1],
    attributes: noAttributes,
    infer: sameShape,
    tensors: () => ({}),
    prepare:
      () =>
      () =>
      ([x], out) =>
        compute(asNumbers(x), asFloats(out)),
    kernel: () => op,
  };
}

export const affine: OpDefinition<'affine'> = {
  op: 'affine',
  arity: [1, 1],
  attributes: noAttributes,
  infer: (node, inputs) => {
    if (node.tensors.a === undefined && node.tensors.b === undefined) {
      throw misfit(node, 'it has neither a nor b; at least one is needed');
    }
    return sameShape(node, inputs);
  },
  tensors: (_, [input]) => ({
    a: { dtype: 'F32', shape: [channelsOf(input)], optional: true },
    b: { dtype: 'F32', shape: [channelsOf(input)], optional: true },
  }),
  prepare: (_, [input], memory) => {
    const channels = channelsOf(input);
    const [scales, shifts] = [memory.optionalFloats('a'), memory.optionalFloats('b')];
    return () => {
      const [a, b] = [scales(), shifts()];
      return ([x], out) => affineArray(asNumbers(x), a, b, channels, asFloats(out));
    };
  },
  kernel: ({ tensors: { a, b } }) =>
    a === undefined ? 'add' : b === undefined ? 'multiply' : 'multiply, add',
};

export const relu = plain('relu', reluArray);

export const clip: OpDefinition<'clip'> = {
  op: 'clip',
  arity: [1, 1],
  attributes: (given, where) => {
    const read = new AttributeReader(given, where, ['min', 'max']);
    return { min: read.float('min'), max: read.float('max') };
  },
  infer: (node, inputs) => {
    const { min, max } = node.attributes;
    if (!(min <= max)) throw misfit(node, `its min ${min} is above its max ${max}`);
    return sameShape(node, inputs);
  },
  tensors: () => ({}),
  prepare:
    ({ attributes: { min, max } }) =>
    () =>
    ([x], out) =>
      clipArray(asNumbers(x), min, max, asFloats(out)),
  kernel: ({ attributes: { min, max } }) => `clip to [${min}, ${max}]`,
};

export const prelu: OpDefinition<'prelu'> = {
  op: 'prelu',
  arity: [1, 1],
  attributes: noAttributes,
  infer: sameShape,
  tensors: (_, [input]) => ({ alpha: { dtype: 'F32', shape: [channelsOf(input)] } }),
  prepare: (_node, _inputs, memory) => {
    const slopes = memory.floats('alpha');
    return () => {
      const alpha = slopes();
      return ([x], out) => preluArray(asNumbers(x), alpha, asFloats(out));
    };
  },
  kernel: () => 'prelu',
};

export const sigmoid = plain('sigmoid', sigmoidArray);

export const tanh = plain('tanh', tanhArray);

export const gelu = plain('gelu', geluArray);

export const softmax: OpDefinition<'softmax'> = {
  op: 'softmax',
  arity: [1, 1],
  attributes: noAttributes,
  infer: sameShape,
  tensors: () => ({}),
  prepare: (_, [input]) => {
    const channels = channelsOf(input);
    return () =>
      ([x], out) =>
        softmaxArray(asNumbers(x), channels, asFloats(out));
  },
  kernel: () => 'softmax',
};

export const l2Norm: OpDefinition<'l2Norm'> = {
  op: 'l2Norm',
  arity: [1, 1],
  attributes: noAttributes,
  infer: sameShape,
  tensors: (_, [input]) => ({ scale: { dtype: 'F32', shape: [channelsOf(input)] } }),
  prepare: (_node, _inputs, memory) => {
    const scales = memory.floats('scale');
    return () => {
      const scale = scales();
      return ([x], out) => l2NormArray(asNumbers(x), scale, asFloats(out));
    };
  },
  kernel: () => 'L2 norm',
};

export const layerNorm: OpDefinition<'layerNorm'> = {
  op: 'layerNorm',
  arity: [1, 1],
  attributes: (given, where) => {
    return { epsilon: new AttributeReader(given, where, ['epsilon']).factor('epsilon') };
  },
  infer: sameShape,
  tensors: (_, [input]) => ({
    gamma: { dtype: 'F32', shape: [channelsOf(input)] },
    beta: { dtype: 'F32', shape: [channelsOf(input)] },
  }),
  prepare: ({ attributes: { epsilon } }, _inputs, memory) => {
    const [gammas, betas] = [memory.floats('gamma'), memory.floats('beta')];
    return () => {
      const [gamma, beta] = [gammas(), betas()];
      return ([x], out) => layerNormArray(asNumbers(x), gamma, beta, epsilon, asFloats(out));
    };
  },
  kernel: () => 'layer norm',
};
