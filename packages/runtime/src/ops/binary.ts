/** Binary convolution and dense layer: exact sums of products of signs, or of {0, 1} with signs. */
import { quote } from '../format/json.js';
import { kernelBits } from '../format/tensors.js';
import type { Edge, PadValue } from '../graph.js';
import {
  bitsSeen,
  needsTapSums,
  prepareBinaryConv2d,
  startsOf,
  sumsOfTaps,
} from '../kernels/binary-conv.js';
import { wordsFor } from '../kernels/bits.js';
import { denseShape } from '../kernels/float-conv.js';
import type { ConvShape } from '../kernels/float-conv.js';
import { AttributeReader } from './attributes.js';
import { asIntegers, asWords } from './buffers.js';
import { checkGroups, padText, padValues } from './convolution.js';
import { channelsOf, checkType, misfit, operands, positionsOf } from './edges.js';
import type { Named } from './edges.js';
import type { Later, NodeMemory } from './memory.js';
import type { OpDefinition, Step } from './op.js';
import { convShape, outputSize, windowText } from './windows.js';

/** Float32 holds every integer up to here, so that a sum is the same number as i32 and as f32. */
const largestSum = 2 ** 24;

export const binaryConv2d: OpDefinition<'binaryConv2d'> = {
  op: 'binaryConv2d',
  arity: [1, 1],
  attributes: (given, where) => {
    const read = new AttributeReader(given, where, ['window', 'filters', 'groups', 'padValue']);
    return {
      window: read.window('window'),
      filters: read.count('filters'),
      groups: read.count('groups'),
      padValue: read.oneOf('padValue', padValues),
    };
  },
  infer: (node, [input]) => {
    const { window, filters, groups, padValue } = node.attributes;
    checkType(node, input, operands);
    checkPadValue(node, input, padValue);
    const [height, width] = outputSize(node, input, window);
    checkGroups(node, channelsOf(input), filters, groups);
    checkSums(node, (window.size[0] * window.size[1] * channelsOf(input)) / groups);
    return { type: 'i32', shape: [height, width, filters] };
  },
  tensors: ({ attributes: { window, filters, groups } }, [input]) => ({
    kernel: kernelBits(filters, (window.size[0] * window.size[1] * channelsOf(input)) / groups),
  }),
  prepare: ({ attributes, output }, [input], memory) =>
    binaryStep(convShape(input, output, attributes), input, attributes.padValue, memory),
  kernel: ({ attributes: { window, groups, padValue } }, [input]) => {
    const parts = [`${kernelName(input)} ${windowText(window)}`];
    if (groups > 1) parts.push(`${groups} groups`);
    return [...parts, ...padText(window, padValue)].join(', ');
  },
};

export const binaryDense: OpDefinition<'binaryDense'> = {
  op: 'binaryDense',
  arity: [1, 1],
  attributes: (given, where) => {
    const read = new AttributeReader(given, where, ['units']);
    return { units: read.count('units') };
  },
  infer: (node, [input]) => {
    checkType(node, input, operands);
    checkSums(node, channelsOf(input));
    return { type: 'i32', shape: [...input.shape.slice(0, -1), node.attributes.units] };
  },
  tensors: ({ attributes: { units } }, [input]) => ({
    kernel: kernelBits(units, channelsOf(input)),
  }),
  prepare: ({ attributes: { units } }, [input], memory) => {
    const shape = denseShape(positionsOf(input), channelsOf(input), units);
    return binaryStep(shape, input, 0, memory);
  },
  kernel: (_, [input]) => `${kernelName(input)} dense`,
};

/** The numbers that follow from the kernel are shared where the kernel is. */
function binaryStep(
  shape: ConvShape,
  input: Edge,
  padValue: PadValue,
  memory: NodeMemory,
): Later<Step> {
  const operand = input.type === 'unsigned' ? 'unsigned' : 'bits';
  const filters = shape.outChannels;
  const bits = bitsSeen(shape);
  const taps = shape.filterHeight * shape.filterWidth;
  const kernel = memory.bitRows('kernel', filters, bits);
  const starts = memory.integersOf('kernel', `starts, ${operand} ${bits}`, filters, () =>
    startsOf(kernel(), shape, operand),
  );
  const tapSums = needsTapSums(operand, padValue)
    ? memory.integersOf('kernel', `sums of ${taps} taps, ${bits}`, taps * filters, () =>
        sumsOfTaps(kernel(), shape),
      )
    : () => undefined;
  const words = wordsFor(bits);
  const scratch = memory.scratch(4 * words);
  return () => {
    const seen = new Uint32Array(scratch(), 0, words);
    const numbers = { starts: starts(), tapSums: tapSums(), seen };
    const compute = prepareBinaryConv2d(kernel(), shape, operand, padValue, numbers);
    return ([x], out) => {
      compute(asWords(x), asIntegers(out));
    };
  };
}

function kernelName({ type }: Edge): string {
  return type === 'unsigned' ? 'unsigned xor-popcount' : 'xor-popcount';
}

function checkPadValue(node: Named, { type }: Edge, padValue: PadValue): void {
  if (type === 'bits' || padValue !== -1) return;
  throw misfit(node, `its padValue is ${quote(padValue)}, its input unsigned; allowed: 0, 1`);
}

function checkSums(node: Named, products: number): void {
  if (products <= largestSum) return;
  throw misfit(node, `its sums have ${products} products; allowed: ${largestSum}`);
}
