/** Float layers with a kernel, batch norm, and the L2 norm. */
import { InputError } from '@surge-bnn/contract';
import { BatchNorm, batchNormCoefficients, FloatConv2D } from '@surge-bnn/core';
import type { Window } from '@surge-bnn/runtime';
import type { NamedTensor } from '../graph-builder.js';
import { storedFloats } from '../stored.js';
import type { Values } from '../stored.js';
import { activation, addClip } from './activations.js';
import type { Layer, LowerContext, LowerRule } from './rule.js';
import { cannotConvert, configOf, findWeight, pairOf, weightOf } from './rule.js';
import { convWindow, namedPadding, windowOf } from './window.js';

export const conv2d: LowerRule = (layer, [input], context) =>
  convolution(layer, input, weightOf(layer, 'kernel'), 1, context);

/** Our own, whose padding may be a number. */
export const floatConv2d: LowerRule = (layer, [input], context) => {
  const { self } = layer;
  if (!(self instanceof FloatConv2D)) {
    throw new Error(`layer "${layer.name}" calls itself FloatConv2D and is none`);
  }
  const window: WindowOn = (picture) => windowOf(self.geometry([1, ...picture]));
  return convolution(layer, input, weightOf(layer, 'kernel'), 1, context, window);
};

/** The window of a convolution on a picture [height, width, channels]. */
type WindowOn = (picture: readonly number[]) => Window;

/**
 * A depthwise kernel [h, w, channels, multiplier] is that of a convolution with a group for each channel,
 * [h, w, 1, channels multiplier]: output channel c m + i comes from input channel c, which is the same memory.
 */
export const depthwiseConv2d: LowerRule = (layer, [input], context) => {
  if (pairOf(configOf(layer)['dilationRate'] ?? 1).some((rate) => rate !== 1)) {
    throw cannotConvert(layer, 'it has a dilationRate, which TF.js itself ignores; allowed: 1');
  }
  const { values, shape } = weightOf(layer, 'depthwise_kernel');
  const [height, width, channels, multiplier] = shape;
  const grouped = { values, shape: [height, width, 1, channels * multiplier] };
  return convolution(layer, input, grouped, channels, context);
};

function convolution(
  layer: Layer,
  input: string,
  kernel: Values,
  groups: number,
  context: LowerContext,
  windowOn: WindowOn = (picture) => layerWindow(layer, picture, kernel.shape, groups),
): string {
  const { builder } = context;
  refuseChannelsFirst(layer);
  const border = context.padded.get(input);
  const edge = border?.edge ?? input;
  const [top, left, bottom, right] = border?.pads ?? [0, 0, 0, 0];
  const [height, width, channels] = builder.edge(edge).shape;
  const own = windowOn([height + top + bottom, width + left + right, channels]);
  const window: Window = {
    ...own,
    pads: [own.pads[0] + top, own.pads[1] + left, own.pads[2] + bottom, own.pads[3] + right],
  };
  const filters = kernel.shape[3];
  const sums = builder.add({
    name: layer.name,
    op: 'conv2d',
    inputs: [edge],
    attributes: { window, filters, groups, padValue: 0, weights: 'f32' },
    tensors: { kernel: kernelTensor(layer, kernel), ...biasTensor(layer) },
    layers: border === undefined ? [layer.name] : [layer.name, border.layer],
  });
  return activation(layer, sums, context);
}

/** As the options of TF.js's own layers say. */
function layerWindow(
  layer: Layer,
  picture: readonly number[],
  kernel: readonly number[],
  groups: number,
): Window {
  const config = configOf(layer);
  const options = {
    strides: pairOf(config['strides']),
    padding: namedPadding(config['padding'], layer.name),
    dilationRate: pairOf(config['dilationRate'] ?? 1),
    groups,
  };
  return convWindow(picture, kernel, options, layer.name);
}

/**
 * A border of zeros becomes padding of the convolution behind it, as in networks from PyTorch: a sum that takes zeros
 * in is the sum without them.
 */
export const zeroPadding2d: LowerRule = (layer, [input], { builder, padded }) => {
  refuseChannelsFirst(layer);
  const padding = configOf(layer)['padding'];
  const sides: readonly unknown[] = Array.isArray(padding) ? padding : [padding, padding];
  const [vertical, horizontal] = sides;
  const [top, bottom] = pairOf(vertical);
  const [left, right] = pairOf(horizontal);
  if (builder.edge(input).shape.length !== 3) {
    throw cannotConvert(layer, `its input "${input}" is no picture`);
  }
  const name = builder.reserveName(layer.name);
  padded.set(name, { edge: input, pads: [top, left, bottom, right], layer: layer.name });
  return name;
};

export const dense: LowerRule = (layer, inputs, context) => {
  const kernel = weightOf(layer, 'kernel');
  const sums = context.builder.add({
    name: layer.name,
    op: 'dense',
    inputs,
    attributes: { units: kernel.shape[1], weights: 'f32' },
    tensors: { kernel: kernelTensor(layer, kernel), ...biasTensor(layer) },
    layers: [layer.name],
  });
  return activation(layer, sums, context);
};

/**
 * Both batch norms, ours and TF.js's: y = a x + b, the canonical evaluation with core's own a and b. Of ours, what stands behind
 * it as nodes of their own.
 */
export const batchNorm: LowerRule = (layer, [input, ...shortcut], { builder }) => {
  const { axis = -1 } = configOf(layer);
  const rank = builder.edge(input).shape.length + 1;
  if (axis !== -1 && axis !== rank - 1) {
    throw cannotConvert(
      layer,
      `it normalizes axis ${String(axis)}; only the last axis is supported`,
    );
  }
  const { a, b } = batchNormCoefficients(layer.self);
  const stored = (role: string, values: Float32Array): NamedTensor => ({
    key: `${layer.name}/${role}`,
    tensor: storedFloats(
      { values, shape: [values.length] },
      `coefficient ${role} of batch norm "${layer.name}"`,
    ),
  });
  const norm = builder.add({
    name: layer.name,
    op: 'affine',
    inputs: [input],
    attributes: {},
    tensors: { a: stored('a', a), b: stored('b', b) },
    layers: [layer.name],
  });
  if (!(layer.self instanceof BatchNorm) || layer.self.activation === undefined) return norm;
  return addClip(layer, [norm, ...shortcut], `${layer.name}/hardTanh`, builder);
};

export const l2Norm: LowerRule = (layer, inputs, { builder }) => {
  const tensor = storedFloats(weightOf(layer, 'scale'), `the scale of layer "${layer.name}"`);
  return builder.add({
    name: layer.name,
    op: 'l2Norm',
    inputs,
    attributes: {},
    tensors: { scale: { key: `${layer.name}/scale`, tensor } },
    layers: [layer.name],
  });
};

/** As trained; ends/ may store it in another form. */
function kernelTensor(layer: Layer, values: Values): NamedTensor {
  const where = `the kernel of layer "${layer.name}"`;
  return { key: `${layer.name}/kernel`, tensor: storedFloats(values, where) };
}

function biasTensor(layer: Layer): Readonly<Record<string, NamedTensor>> {
  const bias = findWeight(layer, 'bias');
  if (bias === undefined) return {};
  const tensor = storedFloats(bias, `the bias of layer "${layer.name}"`);
  return { bias: { key: `${layer.name}/bias`, tensor } };
}

/** @throws InputError for a layer whose pictures have their channels first. */
export function refuseChannelsFirst(layer: Layer): void {
  if (configOf(layer)['dataFormat'] !== 'channelsFirst') return;
  throw new InputError(
    `layer "${layer.name}" has dataFormat channelsFirst; only channelsLast is supported`,
  );
}
