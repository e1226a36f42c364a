/** Ops that make signs: of numbers, and of exact sums by integer thresholds. */
import { bitBytes } from '../format/tensors.js';
import { signBits, signFloats, signUnsigned, thresholdBits } from '../kernels/signs.js';
import { AttributeReader } from './attributes.js';
import { asFloats, asIntegers, asNumbers, asWords } from './buffers.js';
import { channelsOf, checkType, numbers } from './edges.js';
import { nanAt } from './nan.js';
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
  prepare: (node, [input]) => {
    const channels = channelsOf(input);
    const { values } = node.attributes;
    return () =>
      ([x], out) => {
        const read = asNumbers(x);
        const nan =
          values === 'f32'
            ? signFloats(read, asFloats(out))
            : values === 'bits'
              ? signBits(read, channels, asWords(out))
              : signUnsigned(read, channels, asWords(out));
        if (nan >= 0) throw nanAt(node, input, nan);
      };
  },
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
  prepare: ({ attributes }, [input], memory) => {
    const thresholds = memory.integers('thresholds');
    const flips = memory.flips(channelsOf(input));
    const complement = attributes.values === 'unsigned' ? -1 : 0;
    return () => {
      const [least, flipped] = [thresholds(), flips()];
      return ([d], out) => {
        thresholdBits(asIntegers(d), least, flipped, complement, asWords(out));
      };
    };
  },
  kernel: ({ attributes }) => `integer threshold to ${attributes.values}`,
};
