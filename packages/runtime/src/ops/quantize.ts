/** Numbers to integers of 8 bits, for layers of int8 arithmetic. */
import { quantizeArray } from '../kernels/int8.js';
import { AttributeReader } from './attributes.js';
import { asInt8, asNumbers } from './buffers.js';
import { checkType, numbers } from './edges.js';
import { nanAt } from './nan.js';
import type { OpDefinition } from './op.js';

export const quantize: OpDefinition<'quantize'> = {
  op: 'quantize',
  arity: [1, 1],
  attributes: (given, where) => ({
    factor: new AttributeReader(given, where, ['factor']).factor('factor'),
  }),
  infer: (node, [input]) => {
    checkType(node, input, numbers);
    return { type: 'i8', shape: input.shape };
  },
  tensors: () => ({}),
  prepare: (node, [input]) => {
    const factor = Math.fround(node.attributes.factor);
    return () =>
      ([x], out) => {
        const nan = quantizeArray(asNumbers(x), factor, asInt8(out));
        if (nan >= 0) throw nanAt(node, input, nan);
      };
  },
  kernel: () => 'quantize to int8',
};
