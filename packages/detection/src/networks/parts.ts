/** The layers that neck and heads are made of. Convolutions and dense layers in float have a bias, binary ones a batch norm. */
import { seedFor } from '@surge-bnn/contract';
import { layers } from '@surge-bnn/core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import type { DetectorContext } from './options.js';

export interface PartOptions {
  readonly precision: 'full' | 'binary';
  readonly momentum: number;
}

/** A convolution as a function, so that the levels of a pyramid can share it. */
export type Part = (x: SymbolicTensor) => SymbolicTensor;

export function on(layer: tfl.layers.Layer, x: SymbolicTensor | SymbolicTensor[]): SymbolicTensor {
  return layer.apply(x) as SymbolicTensor;
}

/** A convolution with stride 1 that keeps the picture's size. */
export function conv(
  name: string,
  filters: number,
  kernelSize: 1 | 3,
  { precision, momentum }: PartOptions,
  context: DetectorContext,
): Part {
  if (precision === 'full') return floatConv(name, filters, kernelSize, context);
  const layer = binaryConv(name, filters, kernelSize, context);
  const norm = layers.batchNorm({ name: `${name}.norm`, momentum });
  return (x) => on(norm, on(layer, x));
}

/**
 * A 3x3 convolution that the levels of a pyramid share, with a relu; a binary one with a hardtanh and a batch norm for each level, because
 * levels differ in their statistics.
 */
export function sharedConv(
  name: string,
  filters: number,
  { precision, momentum }: PartOptions,
  context: DetectorContext,
): (x: SymbolicTensor, level: number) => SymbolicTensor {
  if (precision === 'full') {
    const float = floatConv(name, filters, 3, context);
    const bent = tfl.layers.reLU({ name: `${name}.relu` });
    return (x) => on(bent, float(x));
  }
  const layer = binaryConv(name, filters, 3, context);
  return (x, level) => {
    const norm = { name: `${name}.norm.${level}`, momentum, activation: 'hardTanh' } as const;
    return on(layers.batchNorm(norm), on(layer, x));
  };
}

function floatConv(
  name: string,
  filters: number,
  kernelSize: 1 | 3,
  { seed }: DetectorContext,
): Part {
  const layer = layers.conv2d({
    name,
    filters,
    kernelSize,
    padding: (kernelSize - 1) / 2,
    initializer: 'heUniform',
    seed: seedFor(seed, `init/${name}`),
  });
  const bias = layers.channelBias({ name: `${name}.bias` });
  return (x) => on(bias, on(layer, x));
}

function binaryConv(name: string, filters: number, kernelSize: 1 | 3, context: DetectorContext) {
  const { inputBinarizer, weightBinarizer, seed } = context;
  return layers.binaryConv2d({
    name,
    filters,
    kernelSize,
    padding: (kernelSize - 1) / 2,
    inputBinarizer,
    weightBinarizer,
    initializer: 'heNormal',
    seed: seedFor(seed, `init/${name}`),
  });
}

/** A dense layer with a relu; a binary one with a batch norm and a hardtanh. */
export function dense(
  name: string,
  units: number,
  { precision, momentum }: PartOptions,
  context: DetectorContext,
): Part {
  const seed = seedFor(context.seed, `init/${name}`);
  if (precision === 'full') {
    const kernelInitializer = tfl.initializers.heNormal({ seed });
    const layer = tfl.layers.dense({ name, units, kernelInitializer });
    const bent = tfl.layers.reLU({ name: `${name}.relu` });
    return (x) => on(bent, on(layer, x));
  }
  const { inputBinarizer, weightBinarizer } = context;
  const layer = layers.binaryDense({ name, units, inputBinarizer, weightBinarizer, seed });
  const norm = layers.batchNorm({ name: `${name}.norm`, momentum, activation: 'hardTanh' });
  return (x) => on(norm, on(layer, x));
}

/** Standard deviation of the weights that predictions start from: a box is its anchor at first (Fast R-CNN, arXiv 1504.08083, 3.1). */
const SMALL = 0.01;

/** A prediction at every pixel: 1x1, in float, with a bias. */
export function pixelPrediction(name: string, filters: number, context: DetectorContext): Part {
  const layer = layers.conv2d({ name, filters, kernelSize: 1 });
  const bias = layers.channelBias({ name: `${name}.bias` });
  return (x) => {
    const fresh = !layer.built;
    const y = on(bias, on(layer, x));
    if (fresh) startSmall(layer, seedFor(context.seed, `init/${name}`));
    return y;
  };
}

/** A prediction for each row, in float, with a bias. */
export function rowPrediction(name: string, units: number, { seed }: DetectorContext): Part {
  const kernelInitializer = tfl.initializers.randomNormal({
    stddev: SMALL,
    seed: seedFor(seed, `init/${name}`),
  });
  return (x) => on(tfl.layers.dense({ name, units, kernelInitializer }), x);
}

function startSmall(layer: tfl.layers.Layer, seed: number): void {
  const initializer = tfl.initializers.randomNormal({ stddev: SMALL, seed });
  for (const weight of layer.weights) {
    const values = initializer.apply(weight.shape.map(Number));
    weight.write(values);
    values.dispose();
  }
}
