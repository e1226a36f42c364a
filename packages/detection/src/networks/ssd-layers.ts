/**
 * What SSD puts behind VGG-16 (arXiv 1512.02325, figure 2), in multiples of the width w of its first layer: fc6 and fc7, VGG's first two dense
 * layers as convolutions, then four pairs of a 1x1 and a 3x3 convolution, of which two halve the map; and on each of six maps two 3x3
 * convolutions, for the classes and for the boxes of its default boxes. In float with a bias and a relu; binary ones have a batch norm
 * and a hardtanh, fc6 and fc7 a shortcut besides (BiDet, arXiv 2003.03961). Names are torchvision's.
 */
import { seedFor } from '@surge-bnn/contract';
import { layers } from '@surge-bnn/core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import type { DetectorContext } from './options.js';
import { on } from './parts.js';
import type { SsdBackbone } from './ssd-backbone.js';
import type { SsdOptions } from './ssd-options.js';

interface Window {
  readonly kernelSize: 1 | 3;
  readonly strides?: number;
  /** Default 0. */
  readonly padding?: number;
  readonly dilationRate?: number;
}

type Options = Pick<SsdOptions, 'padValue' | 'momentum'>;

/** The six maps that are read, the finest first. */
export function featureMaps(
  { conv4, conv5, width }: SsdBackbone,
  options: SsdOptions,
  context: DetectorContext,
): SymbolicTensor[] {
  const { extraPrecision: precision } = options;
  const extra = (name: string, multiple: number, window: Window, x: SymbolicTensor) =>
    extraLayer(name, multiple * width, window, x, precision, options, context);
  const maps = [on(layers.l2Norm({ name: 'l2_norm', scale: 20 }), conv4)];
  const pooled = on(
    layers.maxPool2d({ name: 'extra.0.7.0', poolSize: 3, strides: 1, padding: 1 }),
    conv5,
  );
  const wide = { kernelSize: 3, padding: 6, dilationRate: 6 } as const;
  let x = extra('extra.0.7.3', 16, { kernelSize: 1 }, extra('extra.0.7.1', 16, wide, pooled));
  maps.push(x);
  for (const block of [1, 2, 3, 4]) {
    const [between, after] = block === 1 ? [4, 8] : [2, 4];
    x = extra(`extra.${block}.0`, between, { kernelSize: 1 }, x);
    const halving = { kernelSize: 3, strides: 2, padding: 1 } as const;
    x = extra(`extra.${block}.2`, after, block <= 2 ? halving : shrinking(x), x);
    maps.push(x);
  }
  return maps;
}

/** A 3x3 window in the map alone, as published; where the map is smaller than that, one that keeps its size. */
function shrinking({ shape: [, rows, columns] }: SymbolicTensor): Window {
  return { kernelSize: 3, padding: Math.min(Number(rows), Number(columns)) < 3 ? 1 : 0 };
}

function extraLayer(
  name: string,
  filters: number,
  window: Window,
  x: SymbolicTensor,
  precision: SsdOptions['extraPrecision'],
  options: Options,
  context: DetectorContext,
): SymbolicTensor {
  if (precision === 'full') {
    return on(
      tfl.layers.reLU({ name: `${name}.relu` }),
      floatConv(name, filters, window, x, context),
    );
  }
  const { momentum } = options;
  const norm = layers.batchNorm({ name: `${name}.norm`, momentum, activation: 'hardTanh' });
  const y = on(binaryConv(name, filters, window, options, context), x);
  return on(norm, name.startsWith('extra.0.') ? [y, widened(name, x, filters)] : y);
}

/** x's own channels in the middle of channels of zeros. */
function widened(name: string, x: SymbolicTensor, filters: number): SymbolicTensor {
  const more = filters - Number(x.shape[3]);
  if (more === 0) return x;
  const before = Math.floor(more / 2);
  return on(layers.padChannels({ name: `${name}.shortcut.pad`, before, after: more - before }), x);
}

/** Of each map the logits [.., rows, columns, boxes classes] and dx, dy, dw, dh [.., rows, columns, 4 boxes]. */
export function predictions(
  maps: readonly SymbolicTensor[],
  boxesPerPixel: readonly number[],
  options: SsdOptions,
  context: DetectorContext,
) {
  const head = (name: string, of: number) =>
    maps.map((map, k) =>
      prediction(`head.${name}.module_list.${k}`, of * boxesPerPixel[k], map, options, context),
    );
  return {
    logits: head('classification_head', context.classes + 1),
    deltas: head('regression_head', 4),
  };
}

function prediction(
  name: string,
  filters: number,
  x: SymbolicTensor,
  options: SsdOptions,
  context: DetectorContext,
): SymbolicTensor {
  const window = { kernelSize: 3, padding: 1 } as const;
  if (options.headPrecision === 'full') return floatConv(name, filters, window, x, context);
  const norm = layers.batchNorm({ name: `${name}.norm`, momentum: options.momentum });
  return on(norm, on(binaryConv(name, filters, window, options, context), x));
}

/** With a bias. */
function floatConv(
  name: string,
  filters: number,
  { padding = 0, ...window }: Window,
  x: SymbolicTensor,
  { seed }: DetectorContext,
): SymbolicTensor {
  const conv = layers.conv2d({
    name,
    filters,
    ...window,
    padding,
    initializer: 'glorotUniform',
    seed: seedFor(seed, `init/${name}`),
  });
  return on(layers.channelBias({ name: `${name}.bias` }), on(conv, x));
}

function binaryConv(
  name: string,
  filters: number,
  { padding = 0, ...window }: Window,
  { padValue }: Options,
  { inputBinarizer, weightBinarizer, seed }: DetectorContext,
) {
  return layers.binaryConv2d({
    name,
    filters,
    ...window,
    padding,
    padValue,
    inputBinarizer,
    weightBinarizer,
    initializer: 'heNormal',
    seed: seedFor(seed, `init/${name}`),
  });
}
