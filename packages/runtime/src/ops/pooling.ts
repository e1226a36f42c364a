/** Pools: largest and mean of what a window sees of the picture. */
import { bitBytes } from '../format/tensors.js';
import type { Edge, OpAttributes, Window } from '../graph.js';
import { averagePool2d as canonicalAveragePool2d } from '../kernels/float-conv.js';
import { maxPool2d as canonicalMaxPool2d, maxPoolBits } from '../kernels/max-pool.js';
import { AttributeReader } from './attributes.js';
import { asFloats, asNumbers, asWords } from './buffers.js';
import { channelsOf, checkType, numbers } from './edges.js';
import type { Named } from './edges.js';
import type { OpDefinition, TensorSpecs } from './op.js';
import { checkPoolTaps, outputSize, poolShape, windowText } from './windows.js';

export const maxPool2d: OpDefinition<'maxPool2d'> = {
  op: 'maxPool2d',
  arity: [1, 1],
  attributes: readWindow,
  infer: (node, [input]) => {
    checkType(node, input, ['f32', 'i32', 'bits']);
    return { type: input.type, shape: pooledShape(node, input, node.attributes.window) };
  },
  tensors: (_, [input]): TensorSpecs =>
    input.type === 'bits'
      ? { flips: { dtype: 'U8', shape: [bitBytes(channelsOf(input))], optional: true } }
      : {},
  prepare: ({ attributes: { window }, output }, [input], memory) => {
    const shape = poolShape(input, output, window);
    if (input.type !== 'bits') {
      return () =>
        ([x], out) =>
          canonicalMaxPool2d(asNumbers(x), shape, asNumbers(out));
    }
    const flips = memory.flips(shape.channels);
    return () => {
      const flipped = flips();
      return ([x], out) => maxPoolBits(asWords(x), shape, flipped, asWords(out));
    };
  },
  kernel: ({ attributes: { window } }, [input]) =>
    `max pool ${windowText(window)}${input.type === 'bits' ? ' of bits' : ''}`,
};

export const averagePool2d: OpDefinition<'averagePool2d'> = {
  op: 'averagePool2d',
  arity: [1, 1],
  attributes: readWindow,
  infer: (node, [input]) => {
    checkType(node, input, numbers);
    return { type: 'f32', shape: pooledShape(node, input, node.attributes.window) };
  },
  tensors: () => ({}),
  prepare: ({ attributes: { window }, output }, [input], memory) => {
    const shape = poolShape(input, output, window);
    const scratch = memory.scratch(8 * shape.channels);
    return () => {
      const sums = new Float64Array(scratch(), 0, shape.channels);
      return ([x], out) => canonicalAveragePool2d(asNumbers(x), shape, asFloats(out), sums);
    };
  },
  kernel: ({ attributes: { window } }) => `average pool ${windowText(window)}`,
};

function readWindow(given: unknown, where: string): OpAttributes['maxPool2d'] {
  return { window: new AttributeReader(given, where, ['window']).window('window') };
}

function pooledShape(node: Named, input: Edge, window: Window): readonly number[] {
  const [height, width] = outputSize(node, input, window);
  checkPoolTaps(node, input, window);
  return [height, width, channelsOf(input)];
}
