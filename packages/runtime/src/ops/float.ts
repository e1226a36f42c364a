/**
 * Float convolution and dense layer; their weights are float32, float16, signs, or int8 with a scale for each filter. On an edge of
 * int8 they sum integers.
 */
import { kernelBits } from '../format/tensors.js';
import type { TensorSpec } from '../format/tensors.js';
import { quote } from '../format/json.js';
import type { PadValue, WeightType } from '../graph.js';
import {
  conv2d as canonicalConv2d,
  convScratch,
  convScratchBytes,
  denseShape,
} from '../kernels/float-conv.js';
import type { ConvShape } from '../kernels/float-conv.js';
import { int8Conv2d, mostInt8Products } from '../kernels/int8.js';
import { AttributeReader } from './attributes.js';
import { asFloats, asInt8, asNumbers } from './buffers.js';
import { checkGroups, padText, padValues } from './convolution.js';
import { channelsOf, checkType, misfit, numbers, positionsOf } from './edges.js';
import type { Named } from './edges.js';
import type { Later, NodeMemory } from './memory.js';
import type { OpDefinition, Step, TensorSpecs } from './op.js';
import { convShape, outputSize, windowText } from './windows.js';

const weightTypes: readonly WeightType[] = ['f32', 'f16', 'i8', 'bits'];

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
    const { window, filters, groups, padValue, weights } = node.attributes;
    checkType(node, input, [...numbers, 'i8']);
    const [height, width] = outputSize(node, input, window);
    checkGroups(node, channelsOf(input), filters, groups);
    const products = (window.size[0] * window.size[1] * channelsOf(input)) / groups;
    if (input.type === 'i8') checkInt8(node, weights, products, padValue);
    return { type: 'f32', shape: [height, width, filters] };
  },
  tensors: ({ attributes: { window, filters, groups, weights } }, [input]) =>
    weightSpecs(weights, [...window.size, channelsOf(input) / groups], filters),
  prepare: ({ attributes, output }, [input], memory) => {
    const { padValue, weights } = attributes;
    const shape = convShape(input, output, attributes);
    return input.type === 'i8'
      ? int8Step(shape, memory)
      : floatStep(shape, weights, padValue, memory);
  },
  kernel: ({ attributes: { window, groups, padValue, weights } }, [input]) => {
    const name = input.type === 'i8' ? 'int8 conv' : 'float conv';
    const parts = [`${name} ${windowText(window)}, ${weights} weights`];
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
    const { units, weights } = node.attributes;
    checkType(node, input, [...numbers, 'i8']);
    if (input.type === 'i8') checkInt8(node, weights, channelsOf(input), 0);
    return { type: 'f32', shape: [...input.shape.slice(0, -1), units] };
  },
  tensors: ({ attributes: { units, weights } }, [input]) =>
    weightSpecs(weights, [channelsOf(input)], units),
  prepare: ({ attributes: { units, weights } }, [input], memory) => {
    const shape = denseShape(positionsOf(input), channelsOf(input), units);
    return input.type === 'i8' ? int8Step(shape, memory) : floatStep(shape, weights, 0, memory);
  },
  kernel: ({ attributes: { weights } }, [input]) =>
    `${input.type === 'i8' ? 'int8' : 'float'} dense, ${weights} weights`,
};

/** @throws ModelFileError for what int8 arithmetic cannot: other weights, other padding, sums beyond 32 bits. */
function checkInt8(node: Named, weights: WeightType, products: number, padValue: PadValue): void {
  if (weights !== 'i8') {
    throw misfit(node, `it reads i8, its weights are ${quote(weights)}; allowed on i8: i8`);
  }
  if (padValue !== 0) {
    throw misfit(node, `it reads i8, its padValue is ${padValue}; allowed on i8: 0`);
  }
  if (products > mostInt8Products) {
    throw misfit(node, `its sums have ${products} products; allowed on i8: ${mostInt8Products}`);
  }
}

function int8Step(shape: ConvShape, memory: NodeMemory): Later<Step> {
  const kernel = memory.int8s('kernel');
  const scale = memory.floats('scale');
  const bias = memory.optionalFloats('bias');
  const buffer = memory.scratch(4 * shape.outChannels);
  return () => {
    const [w, a, b] = [kernel(), scale(), bias()];
    const sums = new Int32Array(buffer(), 0, shape.outChannels);
    return ([x], out) => {
      int8Conv2d(asInt8(x), w, a, b, shape, asFloats(out), sums);
    };
  };
}

function floatStep(
  shape: ConvShape,
  weights: WeightType,
  padValue: PadValue,
  memory: NodeMemory,
): Later<Step> {
  const kernel = floatKernel(shape, weights, memory);
  const bias = memory.optionalFloats('bias');
  const buffer = memory.scratch(convScratchBytes(shape));
  return () => {
    const [w, b, scratch] = [kernel(), bias(), convScratch(shape, buffer())];
    return ([x], out) => {
      canonicalConv2d(asNumbers(x), w, b, shape, asFloats(out), padValue, scratch);
    };
  };
}

/** The weights as float32, whatever they are stored as. */
function floatKernel(
  shape: ConvShape,
  weights: WeightType,
  memory: NodeMemory,
): Later<Float32Array> {
  switch (weights) {
    case 'f32':
    case 'f16':
      return memory.floats('kernel');
    case 'i8':
      return memory.scaledInt8s('kernel', 'scale');
    case 'bits': {
      const bits = (shape.filterHeight * shape.filterWidth * shape.inChannels) / shape.groups;
      return memory.signs('kernel', shape.outChannels, bits);
    }
  }
}

function weightSpecs(weights: WeightType, window: readonly number[], filters: number): TensorSpecs {
  return {
    kernel: kernelSpec(weights, window, filters),
    ...(weights === 'i8' && { scale: { dtype: 'F32', shape: [filters] } }),
    bias: { dtype: 'F32', shape: [filters], optional: true },
  };
}

/** Numbers stand with the filters innermost, signs filter by filter. */
function kernelSpec(weights: WeightType, window: readonly number[], filters: number): TensorSpec {
  const shape = [...window, filters];
  switch (weights) {
    case 'f32':
      return { dtype: 'F32', shape };
    case 'f16':
      return { dtype: 'F16', shape };
    case 'i8':
      return { dtype: 'I8', shape };
    case 'bits':
      return kernelBits(
        filters,
        window.reduce((a, b) => a * b, 1),
      );
  }
}
