/** Ops that make signs: of numbers, and of exact sums by integer thresholds. */
import { bitBytes } from '../format/tensors.js';
import { AttributeReader } from './attributes.js';
import { channelsOf, checkType, numbers } from './edges.js';
import type { OpDefinition } from './op.js';

export const sign: OpDefinition<'sign'> = {
  op: 'sign',
  arity: [1, 1],
  attributes: (given, where) => {
    const read = new AttributeReader(given, where, ['values']);
    return { values: read.oneOf('values', ['bits', 'unsigned', 'f32']) };
  },
  infer: (node, [input]) => {
    checkType(node, input, numbers);
    return { type: node.attributes.values, shape: input.shape };
  },
  tensors: () => ({}),
  prepare: () => () => undefined,
  kernel: ({ attributes }) => `sign to ${attributes.values}`,
};

export const threshold: OpDefinition<'threshold'> = {
  op: 'threshold',
  arity: [1, 1],
  attributes: (given, where) => {
    const read = new AttributeReader(given, where, ['values']);
    return { values: read.oneOf('values', ['bits', 'unsigned']) };
  },
  infer: (node, [input]) => {
    checkType(node, input, ['i32']);
    return { type: node.attributes.values, shape: input.shape };
  },
  tensors: (_, [input]) => ({
    thresholds: { dtype: 'I32', shape: [channelsOf(input)] },
    flips: { dtype: 'U8', shape: [bitBytes(channelsOf(input))], optional: true },
  }),
  prepare: () => () => undefined,
  kernel: ({ attributes }) => `integer threshold to ${attributes.values}`,
};
