/**
 * VGG-16 (arXiv 1409.1556, configuration D): in channels
 *
 *     64 - 64 - M - 128 - 128 - M - 256 - 256 - 256 - M - 512 - 512 - 512 - M - 512 - 512 - 512 - M - classifier
 *
 * 3x3 convolutions with 2x2 max-pools M between them, the first in float. Binary ones have what BiDet (arXiv 2003.03961) gives VGG-16 as
 * SSD's backbone: a batch norm behind each and a shortcut past it, channels of zeros beside it where there are more. Names are
 * those of torchvision's vgg16_bn, without batch norms those of its vgg16.
 */
import { checkChoice, InputError, seedFor } from '@surge-bnn/contract';
import { layers } from '@surge-bnn/core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import {
  averaged,
  floatConv,
  innerConv,
  innerDense,
  linear,
  normedAs,
  on,
  widened,
} from './convolutions.js';
import type { BuildContext, Network } from './network.js';
import { checkFloatLayers, checkPaperOptions, paperDefaults } from './options.js';
import type { PaperOptions } from './options.js';

const NAME = 'imagenet-vgg-16';

export interface VggOptions extends PaperOptions {
  /** Whether a batch norm stands behind each convolution; a bias does otherwise. */
  batchNorm: boolean;
  /** Whether a shortcut goes past each convolution but the first. */
  shortcuts: boolean;
  /** Convolutions that stay in float besides the first, by their names. */
  floatLayers: readonly string[];
  /** Units of the two hidden dense layers, 4096 as published; 0: none, and the features are averaged for the classifier. */
  hidden: number;
}

/** Channels of the convolutions between two pools, as multiples of the width. */
const stages: readonly (readonly number[])[] = [
  [1, 1],
  [2, 2],
  [4, 4, 4],
  [8, 8, 8],
  [8, 8, 8],
];

export const imageNetVgg16: Network<VggOptions> = {
  name: NAME,
  summary:
    'ImageNet VGG-16: float first layer, twelve binary 3x3 convolutions with a shortcut each',
  source:
    'arXiv 1409.1556 (torchvision vgg16, vgg16_bn); binary as in BiDet (arXiv 2003.03961; ZiweiWangTHU/BiDet)',
  differs:
    'averaged features and one dense layer, the published classifier with hidden 4096 and without its dropout; pools round half pixels up',
  inputShape: [224, 224, 3],
  classes: 1000,
  defaults: {
    width: 64,
    ...paperDefaults,
    batchNorm: true,
    shortcuts: true,
    floatLayers: [],
    hidden: 0,
  },
  build(options, context) {
    checkOptions(options);
    const input = tfl.input({ name: 'input', shape: context.inputShape });
    const features = featuresOf(input, options, context);
    return tfl.model({
      name: NAME,
      inputs: input,
      outputs: classified(features, options, context),
    });
  },
};

function checkOptions(options: VggOptions): void {
  checkPaperOptions(NAME, options);
  const { batchNorm, shortcuts, floatLayers, hidden } = options;
  checkChoice(`network ${NAME}`, 'batchNorm', batchNorm, [true, false]);
  checkChoice(`network ${NAME}`, 'shortcuts', shortcuts, [true, false]);
  if (!Number.isInteger(hidden) || hidden < 0) {
    throw new InputError(
      `network ${NAME}: hidden must be a whole number >= 0, got ${JSON.stringify(hidden)}`,
    );
  }
  const names = plan(batchNorm).flatMap(({ convolutions }) => convolutions.map(({ name }) => name));
  checkFloatLayers(NAME, floatLayers, names);
}

interface Stage {
  readonly convolutions: readonly {
    readonly name: string;
    readonly index: number;
    readonly multiple: number;
  }[];
  readonly pool: string;
}

/** The names count all modules: a convolution, its norm if it has one, a relu; and the pools. */
function plan(batchNorm: boolean): readonly Stage[] {
  let next = 0;
  return stages.map((multiples) => {
    const convolutions = multiples.map((multiple) => {
      const index = next;
      next += batchNorm ? 3 : 2;
      return { name: `features.${index}`, index, multiple };
    });
    return { convolutions, pool: `features.${next++}` };
  });
}

function featuresOf(
  input: SymbolicTensor,
  options: VggOptions,
  context: BuildContext,
): SymbolicTensor {
  let x = input;
  for (const { convolutions, pool } of plan(options.batchNorm)) {
    for (const { name, index, multiple } of convolutions) {
      const filters = multiple * options.width;
      const isFloat = index === 0 || options.floatLayers.includes(name);
      const conv = isFloat
        ? floatConv(name, filters, context)
        : innerConv(name, filters, options, context);
      const past = options.shortcuts && index > 0 ? widened(`${name}.`, x, filters) : undefined;
      x = activated(name, index, on(conv, x), past, options);
    }
    // 'same' of 2x2 is PyTorch's ceil_mode: the last window of an odd size is half outside.
    x = on(layers.maxPool2d({ name: pool, poolSize: 2, padding: 'same' }), x);
  }
  return x;
}

/** What stands behind a convolution: a norm or a bias, the shortcut, the activation. */
function activated(
  conv: string,
  index: number,
  x: SymbolicTensor,
  shortcut: SymbolicTensor | undefined,
  options: VggOptions,
): SymbolicTensor {
  const sum = `${conv}.sum`;
  if (options.batchNorm) {
    const names = { norm: `features.${index + 1}`, sum, activation: `features.${index + 2}` };
    return normedAs(names, options, x, shortcut);
  }
  const name = `features.${index + 1}`;
  let y = on(layers.channelBias({ name: `${conv}.bias` }), x);
  if (options.activation === 'hardtanh') {
    return on(layers.hardTanh({ name }), shortcut === undefined ? y : [y, shortcut]);
  }
  if (shortcut !== undefined) y = on(tfl.layers.add({ name: sum }), [y, shortcut]);
  return options.activation === 'relu' ? on(tfl.layers.reLU({ name }), y) : y;
}

function classified(
  features: SymbolicTensor,
  options: VggOptions,
  context: BuildContext,
): SymbolicTensor {
  if (options.hidden === 0) return on(linear('classifier', context), averaged(features));
  let x = on(tfl.layers.flatten({ name: 'features' }), features);
  for (const i of [0, 3]) x = hiddenLayer(`classifier.${i}`, x, options, context);
  return on(linear('classifier.6', context), x);
}

/** A dense layer with a relu; a binary one with a batch norm and the network's activation. */
function hiddenLayer(
  name: string,
  x: SymbolicTensor,
  { precision, activation, momentum, hidden: units }: VggOptions,
  context: BuildContext,
): SymbolicTensor {
  if (precision === 'full') {
    const kernelInitializer = tfl.initializers.heNormal({
      seed: seedFor(context.seed, `init/${name}`),
    });
    const dense = tfl.layers.dense({ name, units, kernelInitializer });
    return on(tfl.layers.reLU({ name: `${name}.relu` }), on(dense, x));
  }
  const names = { norm: `${name}.norm`, sum: `${name}.sum`, activation: `${name}.activation` };
  return normedAs(
    names,
    { activation, momentum },
    on(innerDense(name, units, precision, context), x),
  );
}
