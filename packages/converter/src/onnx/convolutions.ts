/**
 * Convolutions and dense layers, binary and float: Conv on pictures, MatMul on all else.
 *
 * A binary layer's sum is an integer below 2^24, so a runtime that adds products as they are gets it exactly, in any order.
 * The Round behind it keeps it one where a runtime is clever: it stops optimisers from multiplying the scale behind a layer into its
 * weights, after which each sum would be rounded many times and signs near a threshold be lost; and it mends what a fast
 * algorithm with divided weights (minimal filtering) leaves.
 */
import type { Edge, PadValue, WeightType, Window } from '@surge-bnn/runtime';
import { biasOf, convKernel, matMulKernel } from './kernels.js';
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

export const conv2d: OnnxRule<'conv2d'> = ({ node, inputs, values: [x], emit }) => {
  const { window, filters, groups, weights } = node.attributes;
  const kernel = convKernel(emit, weights, [
    ...window.size,
    channelsOf(inputs[0]) / groups,
    filters,
  ]);
  const bias = biasOf(emit);
  const { input, attributes } = padded(emit, x, node.attributes);
  emit.last('Conv', [input, kernel, ...(bias === undefined ? [] : [bias])], attributes);
};

export const dense: OnnxRule<'dense'> = ({ node, inputs: [input], values: [x], emit }) => {
  const { units, weights } = node.attributes;
  const { opType, kernel } = channelProduct(emit, weights, input, units);
  const bias = biasOf(emit);
  if (bias === undefined) emit.last(opType, [x, kernel]);
  else if (opType === 'Conv') emit.last(opType, [x, kernel, bias]);
  else emit.last('Add', [emit.step('products', opType, [x, kernel]), bias]);
};

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
