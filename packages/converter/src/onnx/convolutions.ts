/**
 * Convolutions and dense layers, binary and float: Conv on pictures, MatMul on all else.
 *
 * A binary layer's sum is an integer below 2^24, so a runtime that adds products as they are gets it exactly, in any order.
 * The Round behind it keeps it one where a runtime is clever: it stops optimisers from multiplying the scale behind a layer into its
 * weights, after which each sum would be rounded many times and signs near a threshold be lost; and it mends what a fast
 * algorithm with divided weights (minimal filtering) leaves.
 */
import type { Edge, PadValue, WeightType, Window } from '@surge-bnn/runtime';
import { floatsOf } from '../stored.js';
import { biasOf, convKernel, matMulKernel, optionalFloats } from './kernels.js';
import { channelsOf, isPicture } from './rule.js';
import type { Emitter, OnnxRule } from './rule.js';
import { framed, windowAttributes } from './window.js';

export const binaryConv2d: OnnxRule<'binaryConv2d'> = ({ node, inputs, values: [x], emit }) => {
  const { window, filters, groups } = node.attributes;
  const kernel = convKernel(emit, 'bits', [
    ...window.size,
    channelsOf(inputs[0]) / groups,
    filters,
  ]);
  const { input, attributes } = padded(emit, x, node.attributes);
  emit.last('Round', [emit.step('sums', 'Conv', [input, kernel], attributes)]);
};

export const binaryDense: OnnxRule<'binaryDense'> = ({ node, inputs: [input], values, emit }) => {
  const { opType, kernel } = channelProduct(emit, 'bits', input, node.attributes.units);
  emit.last('Round', [emit.step('sums', opType, [values[0], kernel])]);
};

export const conv2d: OnnxRule<'conv2d'> = ({ node, inputs: [edge], values: [x], emit }) => {
  const { window, filters, groups, weights } = node.attributes;
  const shape = [...window.size, channelsOf(edge) / groups, filters] as const;
  const { input, attributes } = padded(emit, x, node.attributes);
  if (edge.type === 'i8') {
    const kernel = convKernel(emit, weights, shape);
    scaled(emit, node.output, emit.step('sums', 'Conv', [input, kernel], attributes));
    return;
  }
  const kernel = convKernel(emit, weights, shape);
  const read = weights === 'i8' ? timesScale(emit, kernel, [filters, 1, 1, 1]) : kernel;
  const bias = biasOf(emit);
  emit.last('Conv', [input, read, ...(bias === undefined ? [] : [bias])], attributes);
};

export const dense: OnnxRule<'dense'> = ({ node, inputs: [input], values: [x], emit }) => {
  const { units, weights } = node.attributes;
  const { opType, kernel } = channelProduct(emit, weights, input, units);
  if (input.type === 'i8') {
    scaled(emit, node.output, emit.step('sums', opType, [x, kernel]));
    return;
  }
  const spread = opType === 'Conv' ? [units, 1, 1, 1] : [units];
  const read = weights === 'i8' ? timesScale(emit, kernel, spread) : kernel;
  const bias = biasOf(emit);
  if (bias === undefined) emit.last(opType, [x, read]);
  else if (opType === 'Conv') emit.last(opType, [x, read, bias]);
  else emit.last('Add', [emit.step('products', opType, [x, read]), bias]);
};

/** Weights of int8 on float inputs: each times its filter's scale, which a runtime computes when it loads. */
function timesScale(emit: Emitter, kernel: string, shape: readonly number[]): string {
  const scale = emit.floats('scale', shape, floatsOf(emit.tensor('scale')));
  return emit.step('kernel', 'Mul', [kernel, scale]);
}

/**
 * What a layer of int8 makes of its sums. Those are exact in the file; as float32 they are up to 2^24, and beyond that near:
 * a layer of more than 1,040 products can have such.
 */
function scaled(emit: Emitter, output: Edge, sums: string): void {
  const whole = emit.step('integers', 'Round', [sums]);
  const scale = emit.perChannel('scale', output, floatsOf(emit.tensor('scale')));
  const bias = optionalFloats(emit, 'bias');
  if (bias === undefined) {
    emit.last('Mul', [whole, scale]);
    return;
  }
  const product = emit.step('scaled', 'Mul', [whole, scale]);
  emit.last('Add', [product, emit.perChannel('bias', output, bias)]);
}

/** A dense layer over the channels of a picture is a convolution of one tap. */
function channelProduct(
  emit: Emitter,
  weights: WeightType,
  input: Edge,
  units: number,
): { readonly opType: 'Conv' | 'MatMul'; readonly kernel: string } {
  const channels = channelsOf(input);
  return isPicture(input)
    ? { opType: 'Conv', kernel: convKernel(emit, weights, [1, 1, channels, units]) }
    : { opType: 'MatMul', kernel: matMulKernel(emit, weights, channels, units) };
}

interface Padded {
  readonly window: Window;
  readonly groups: number;
  readonly padValue: PadValue;
}

/** Conv pads with 0 itself; +1 and -1 are put around the picture first. */
function padded(emit: Emitter, x: string, { window, groups, padValue }: Padded) {
  const pads = window.pads.some((pad) => pad > 0);
  const before = padValue !== 0 && pads;
  return {
    input: before ? framed(emit, x, window, padValue) : x,
    attributes: {
      ...windowAttributes(window, !before),
      dilations: window.dilations,
      group: groups,
    },
  };
}
