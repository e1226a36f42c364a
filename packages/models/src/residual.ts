/**
 * What the ResNets are built of: a float stem, stages of blocks of two 3x3 convolutions, a float classifier over averaged
 * features. Binary ResNets (Bi-Real Net, arXiv 1808.00278) have a shortcut past each convolution,
 *
 *     y = activation(bn(conv(x)) + shortcut(x)),
 *
 * so that real numbers reach the next sign; He et al. (arXiv 1512.03385) have one past each block of two. Where a stage begins
 * with stride 2 and twice the channels, `downsample` says what the shortcut is. Names are those of torchvision and of the
 * papers' PyTorch repositories.
 */
import { checkChoice } from '@surge-bnn/contract';
import { layers } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import {
  averaged,
  floatConv,
  halved,
  innerConv,
  linear,
  normed,
  on,
  widened,
} from './convolutions.js';
import type { BuildContext } from './network.js';
import { checkFloatLayers, checkPaperOptions } from './options.js';
import type { PaperOptions } from './options.js';

/**
 * - average       means of 2x2, and channels of zeros on both sides: no weights
 * - slice         every second pixel, and channels of zeros: He et al.'s option A
 * - conv          a float 1x1 convolution with stride 2 and a batch norm: option B
 * - average-conv  means of 2x2, a float 1x1 convolution, a batch norm: Bi-Real Net
 * - binary-conv   as conv, but binary: IR-Net's and ReCU's CIFAR ResNet-18
 */
export type Downsample = 'average' | 'slice' | 'conv' | 'average-conv' | 'binary-conv';

export interface ResidualOptions extends PaperOptions {
  /** What each shortcut goes past: a convolution, or a block of two. */
  shortcut: 'conv' | 'block';
  downsample: Downsample;
  /** Whether a batch norm stands between the averaged features and the classifier. */
  lastNorm: boolean;
  /** Names of convolutions of the blocks that stay real where the others are binary: "layer4.0.conv1". */
  floatLayers: readonly string[];
}

/** One ResNet among others. */
export interface ResidualPlan {
  readonly name: string;
  /** cifar: 3x3. imagenet: 7x7 with stride 2, and a 3x3 max-pool with stride 2. */
  readonly stem: 'cifar' | 'imagenet';
  /** Blocks of each stage; each stage has twice the channels of the one before. */
  readonly blocks: readonly number[];
  /** Name of the classifier. */
  readonly classifier: 'linear' | 'fc';
}

export function residual(
  { name, stem, blocks, classifier }: ResidualPlan,
  options: ResidualOptions,
  context: BuildContext,
): Model {
  checkResidualOptions(name, blocks, options);
  const { width, momentum, lastNorm } = options;
  const input = tfl.input({ name: 'input', shape: context.inputShape });
  let x = stemOf(stem, input, options, context);
  blocks.forEach((count, stage) => {
    for (let block = 0; block < count; block++) {
      const strides = stage > 0 && block === 0 ? 2 : 1;
      x = blockOf(`layer${stage + 1}.${block}.`, x, width * 2 ** stage, strides, options, context);
    }
  });
  x = averaged(x);
  if (lastNorm) x = on(layers.batchNorm({ name: 'bn2', momentum }), x);
  return tfl.model({ name, inputs: input, outputs: on(linear(classifier, context), x) });
}

function checkResidualOptions(
  network: string,
  blocks: readonly number[],
  options: ResidualOptions,
): void {
  checkPaperOptions(network, options);
  const { shortcut, downsample, lastNorm, floatLayers } = options;
  const names = blocks.flatMap((count, stage) =>
    Array.from({ length: count }, (_, block) => `layer${stage + 1}.${block}.`).flatMap((block) => [
      `${block}conv1`,
      `${block}conv2`,
    ]),
  );
  checkFloatLayers(network, floatLayers, names);
  checkChoice(`network ${network}`, 'shortcut', shortcut, ['conv', 'block']);
  const kinds: Record<Downsample, true> = {
    average: true,
    slice: true,
    conv: true,
    'average-conv': true,
    'binary-conv': true,
  };
  checkChoice(`network ${network}`, 'downsample', downsample, Object.keys(kinds));
  checkChoice(`network ${network}`, 'lastNorm', lastNorm, [true, false]);
}

function stemOf(
  stem: ResidualPlan['stem'],
  input: SymbolicTensor,
  options: ResidualOptions,
  context: BuildContext,
): SymbolicTensor {
  const window = stem === 'cifar' ? {} : { kernelSize: 7, strides: 2 };
  const x = normed('', 1, options, on(floatConv('conv1', options.width, context, window), input));
  if (stem === 'cifar') return x;
  return on(layers.maxPool2d({ name: 'maxpool', poolSize: 3, strides: 2, padding: 1 }), x);
}

/** Two convolutions with their shortcuts. @param name what the names begin with, "layer1.0.". */
function blockOf(
  name: string,
  x: SymbolicTensor,
  filters: number,
  strides: number,
  options: ResidualOptions,
  context: BuildContext,
): SymbolicTensor {
  const conv = (i: 1 | 2, from: SymbolicTensor) => {
    const own = `${name}conv${i}`;
    const window = { strides: i === 1 ? strides : 1 };
    const layer = options.floatLayers.includes(own)
      ? floatConv(own, filters, context, window)
      : innerConv(own, filters, options, context, window);
    return on(layer, from);
  };
  const past = strides === 1 ? x : downsampled(name, x, filters, options, context);
  const perConv = options.shortcut === 'conv';
  const y = normed(name, 1, options, conv(1, x), perConv ? past : undefined);
  return normed(name, 2, options, conv(2, y), perConv ? y : past);
}

/** Half as wide and high, with as many channels as the convolutions beside it. */
function downsampled(
  name: string,
  x: SymbolicTensor,
  filters: number,
  options: ResidualOptions,
  context: BuildContext,
): SymbolicTensor {
  const { downsample, momentum } = options;
  const part = (i: number) => `${name}downsample.${i}`;
  switch (downsample) {
    case 'average':
      return widened(name, halved(`${name}shortcut.pool`, x), filters);
    case 'slice': {
      // A pool of one pixel: each second one of both axes.
      const every = tfl.layers.averagePooling2d({
        name: `${name}shortcut.slice`,
        poolSize: 1,
        strides: 2,
      });
      return widened(name, on(every, x), filters);
    }
    case 'average-conv': {
      const conv = floatConv(part(1), filters, context, { kernelSize: 1 });
      const y = on(conv, halved(part(0), x));
      return on(layers.batchNorm({ name: part(2), momentum }), y);
    }
    case 'conv':
    case 'binary-conv': {
      const window = { kernelSize: 1, strides: 2 };
      const conv =
        downsample === 'conv'
          ? floatConv(part(0), filters, context, window)
          : innerConv(part(0), filters, options, context, window);
      return on(layers.batchNorm({ name: part(1), momentum }), on(conv, x));
    }
  }
}
