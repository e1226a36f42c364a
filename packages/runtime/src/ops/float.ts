/** Float convolution and dense layer; their weights are float32, float16 or signs. */
import { kernelBits } from '../format/tensors.js';
import type { TensorSpec } from '../format/tensors.js';
import type { PadValue, WeightType } from '../graph.js';
import {
  conv2d as canonicalConv2d,
  convScratch,
  convScratchBytes,
  denseShape,
} from '../kernels/float-conv.js';
import type { ConvShape } from '../kernels/float-conv.js';
import { AttributeReader } from './attributes.js';
import { asFloats, asNumbers } from './buffers.js';
import { checkGroups, padText, padValues } from './convolution.js';
import { channelsOf, checkType, numbers, positionsOf } from './edges.js';
import type { Later, NodeMemory } from './memory.js';
import type { OpDefinition, Step } from './op.js';
import { convShape, outputSize, windowText } from './windows.js';

const weightTypes: readonly WeightType[] = ['f32', 'f16', 'bits'];

export const conv2d: OpDefinition<'conv2d'> = {
  op: 'conv2d',
  arity: [1, 1],
  attributes: (given, where) => {
    const names = ['window', 'filters', 'groups', 'padValue', 'weights'];
    const read = new AttributeReader(given, where, names);
    return {
      window: read.window('window'),
      filters: read.count('filters'),
      groups: read.count('groups'),
      padValue: read.oneOf('padValue', padValues),
      weights: read.oneOf('weights', weightTypes),
    };
  },
  infer: (node, [input]) => {
    const { window, filters, groups } = node.attributes;
    checkType(node, input, numbers);
    const [height, width] = outputSize(node, input, window);
    checkGroups(node, channelsOf(input), filters, groups);
    return { type: 'f32', shape: [height, width, filters] };
  },
  tensors: ({ attributes: { window, filters, groups, weights } }, [input]) => ({
    kernel: kernelSpec(weights, [...window.size, channelsOf(input) / groups], filters),
    bias: biasSpec(filters),
  }),
  prepare: ({ attributes, output }, [input], memory) => {
    const { padValue, weights } = attributes;
    return floatStep(convShape(input, output, attributes), weights, padValue, memory);
  },
  kernel: ({ attributes: { window, groups, padValue, weights } }) => {
    const parts = [`float conv ${windowText(window)}, ${weights} weights`];
    if (groups > 1) parts.push(`${groups} groups`);
    return [...parts, ...padText(window, padValue)].join(', ');
  },
};

export const dense: OpDefinition<'dense'> = {
  op: 'dense',
  arity: [1, 1],
  attributes: (given, where) => {
    const read = new AttributeReader(given, where, ['units', 'weights']);
    return { units: read.count('units'), weights: read.oneOf('weights', weightTypes) };
  },
  infer: (node, [input]) => {
    checkType(node, input, numbers);
    return { type: 'f32', shape: [...input.shape.slice(0, -1), node.attributes.units] };
  },
  tensors: ({ attributes: { units, weights } }, [input]) => ({
    kernel: kernelSpec(weights, [channelsOf(input)], units),
    bias: biasSpec(units),
  }),
  prepare: ({ attributes: { units, weights } }, [input], memory) => {
    const shape = denseShape(positionsOf(input), channelsOf(input), units);
    return floatStep(shape, weights, 0, memory);
  },
  kernel: ({ attributes: { weights } }) => `float dense, ${weights} weights`,
};

function floatStep(
  shape: ConvShape,
  weights: WeightType,
  padValue: PadValue,
  memory: NodeMemory,
): Later<Step> {
  const bits = (shape.filterHeight * shape.filterWidth * shape.inChannels) / shape.groups;
  const kernel =
    weights === 'bits' ? memory.signs('kernel', shape.outChannels, bits) : memory.floats('kernel');
  const bias = memory.optionalFloats('bias');
  const buffer = memory.scratch(convScratchBytes(shape));
  return () => {
    const [w, b, scratch] = [kernel(), bias(), convScratch(shape, buffer())];
    return ([x], out) => {
      canonicalConv2d(asNumbers(x), w, b, shape, asFloats(out), padValue, scratch);
    };
  };
}

/** Floats stand with the filters innermost, signs filter by filter. */
function kernelSpec(weights: WeightType, window: readonly number[], filters: number): TensorSpec {
  if (weights === 'bits')
    return kernelBits(
      filters,
      window.reduce((a, b) => a * b, 1),
    );
  return { dtype: weights === 'f16' ? 'F16' : 'F32', shape: [...window, filters] };
}

function biasSpec(filters: number): TensorSpec & { readonly optional: boolean } {
  return { dtype: 'F32', shape: [filters], optional: true };
}
