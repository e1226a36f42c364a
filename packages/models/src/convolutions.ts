/** The layers that the networks are made of, as the papers' repositories have them: no biases, padded on all sides. */
import { layers } from '@surge-bnn/core';
import { seedFor } from '@surge-bnn/contract';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import type { BuildContext } from './network.js';
import type { Activation, PaperOptions, Precision, SharedOptions } from './options.js';

/** The window of a convolution; it is padded so that at stride 1 the picture keeps its size. */
interface Window {
  /** Rows and columns; odd. Default 3. */
  readonly kernelSize?: number;
  /** Default 1. */
  readonly strides?: number;
}

/** A convolution in float without bias, padded as in PyTorch. */
export function floatConv(
  name: string,
  filters: number,
  { seed }: BuildContext,
  { kernelSize = 3, strides = 1 }: Window = {},
) {
  return layers.conv2d({
    name,
    filters,
    kernelSize,
    strides,
    padding: (kernelSize - 1) / 2,
    seed: seedFor(seed, `init/${name}`),
  });
}

/** The convolution inside the network: binary, or in the full-precision twin an ordinary one. */
export function innerConv(
  name: string,
  filters: number,
  { precision, padValue }: SharedOptions,
  context: BuildContext,
  { kernelSize = 3, strides = 1 }: Window = {},
) {
  if (precision === 'full') return floatConv(name, filters, context, { kernelSize, strides });
  return layers.binaryConv2d({
    name,
    filters,
    kernelSize,
    strides,
    padding: (kernelSize - 1) / 2,
    padValue,
    inputBinarizer: context.inputBinarizer,
    weightBinarizer: context.weightBinarizer,
    initializer: 'heNormal',
    seed: seedFor(context.seed, `init/${name}`),
  });
}

/** A dense layer without bias inside the network: binary, or in the full-precision twin an ordinary one. */
export function innerDense(
  name: string,
  units: number,
  precision: Precision,
  context: BuildContext,
) {
  const seed = seedFor(context.seed, `init/${name}`);
  if (precision === 'full') {
    const kernelInitializer = tfl.initializers.glorotNormal({ seed });
    return tfl.layers.dense({ name, units, useBias: false, kernelInitializer });
  }
  const { inputBinarizer, weightBinarizer } = context;
  return layers.binaryDense({ name, units, inputBinarizer, weightBinarizer, seed });
}

/** A classifier in float. */
export function linear(name: string, { seed, classes }: BuildContext) {
  return tfl.layers.dense({
    name,
    units: classes,
    kernelInitializer: tfl.initializers.heNormal({ seed: seedFor(seed, `init/${name}`) }),
  });
}

/** The hardtanh as an option of the batch norm in front of it, with which it is computed. */
export function behindNorm(activation: Activation): { readonly activation?: 'hardTanh' } {
  return activation === 'hardtanh' ? { activation: 'hardTanh' } : {};
}

/** Names of what stands behind a convolution. */
export interface NormNames {
  readonly norm: string;
  readonly sum: string;
  readonly activation: string;
}

/** @param block what the names begin with, "layer1.0.". @param i number of the norm in the block. */
export function normed(
  block: string,
  i: number,
  options: PaperOptions,
  x: SymbolicTensor,
  shortcut?: SymbolicTensor,
): SymbolicTensor {
  const names = { norm: `${block}bn${i}`, sum: `${block}sum${i}`, activation: `${block}act${i}` };
  return normedAs(names, options, x, shortcut);
}

/**
 * activation(bn(x) + shortcut), the sum only where there is a shortcut. A hardtanh and the sum in front of it are computed with
 * the norm; otherwise they are layers of their own.
 */
export function normedAs(
  names: NormNames,
  { activation, momentum }: Pick<PaperOptions, 'activation' | 'momentum'>,
  x: SymbolicTensor,
  shortcut?: SymbolicTensor,
): SymbolicTensor {
  const norm = layers.batchNorm({ name: names.norm, momentum, ...behindNorm(activation) });
  if (activation === 'hardtanh') return on(norm, shortcut === undefined ? x : [x, shortcut]);
  let y = on(norm, x);
  if (shortcut !== undefined) {
    const name = activation === 'none' ? names.activation : names.sum;
    y = on(tfl.layers.add({ name }), [y, shortcut]);
  }
  return activation === 'relu' ? on(tfl.layers.reLU({ name: names.activation }), y) : y;
}

/** x's own channels in the middle of channels of zeros; x itself where it has as many. @param name what the layer's name begins with. */
export function widened(name: string, x: SymbolicTensor, filters: number): SymbolicTensor {
  const more = filters - Number(x.shape[3]);
  if (more === 0) return x;
  const before = Math.floor(more / 2);
  const pad = layers.padChannels({ name: `${name}shortcut.pad`, before, after: more - before });
  return on(pad, x);
}

/** Mean over the whole picture. Not TF.js's global pool: the gradient of its mean runs on a slow kernel. */
export function averaged(x: SymbolicTensor): SymbolicTensor {
  const [, height, width] = x.shape;
  const poolSize: [number, number] = [Number(height), Number(width)];
  const means = on(tfl.layers.averagePooling2d({ name: 'average', poolSize }), x);
  return on(tfl.layers.flatten({ name: 'features' }), means);
}

/** Half as wide and high: means of 2x2. Of an odd size the last window is the part of it that lies in the picture: ceil(n / 2), as a convolution has it. */
export function halved(name: string, x: SymbolicTensor): SymbolicTensor {
  return on(tfl.layers.averagePooling2d({ name, poolSize: 2, padding: 'same' }), x);
}

/** A layer on one tensor or several, as one symbolic tensor. */
export function on(
  layer: tfl.layers.Layer,
  inputs: SymbolicTensor | SymbolicTensor[],
): SymbolicTensor {
  return layer.apply(inputs) as SymbolicTensor;
}
