/**
 * ResNet-20 for CIFAR as the papers on binary networks have it (reference/methods.md section 5): a float stem, 18 binary
 * 3x3 convolutions in three stages, each with a shortcut of its own, a float classifier.
 *
 *     y = hardtanh(bn(conv(x)) + shortcut(x))
 *
 * The shortcut is x; where a stage begins with stride 2, x averaged 2x2 with channels of zeros on both sides, so that no
 * float convolution stands beside the binary ones. Names are those of the PyTorch repositories.
 */
import { layers } from '@surge-bnn/core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import {
  behindNorm,
  checkPaperOptions,
  floatConv,
  innerConv,
  linear,
  paperDefaults,
} from './convolutions.js';
import type { PaperOptions } from './convolutions.js';
import type { Network } from './network.js';

export type ResNet20Options = PaperOptions;

export const resNet20: Network<ResNet20Options> = {
  name: 'resnet-20',
  summary: 'CIFAR ResNet-20: float stem, 18 binary 3x3 convolutions with a shortcut each',
  defaults: { width: 16, ...paperDefaults },
  build(options, context) {
    checkPaperOptions('resnet-20', options);
    const { width, activation, momentum } = options;
    /** hardtanh(bn(x) + shortcut), or without the hardtanh; hardtanh and sum are computed with the norm. */
    const normed = (block: string, i: number, x: SymbolicTensor, shortcut?: SymbolicTensor) => {
      const name = `${block}bn${i}`;
      const norm = layers.batchNorm({ name, momentum, ...behindNorm(activation) });
      if (shortcut === undefined) return on(norm, x);
      if (activation === 'hardtanh') return on(norm, [x, shortcut]);
      return on(tfl.layers.add({ name: `${block}act${i}` }), [on(norm, x), shortcut]);
    };

    const input = tfl.input({ name: 'input', shape: context.inputShape });
    let x = normed('', 1, on(floatConv('conv1', width, context), input));
    for (const stage of [1, 2, 3]) {
      const filters = width * 2 ** (stage - 1);
      for (const block of [0, 1, 2]) {
        for (const i of [1, 2]) {
          const name = (part: string) => `layer${stage}.${block}.${part}${i}`;
          const strides = stage > 1 && block === 0 && i === 1 ? 2 : 1;
          const conv = innerConv(name('conv'), filters, options, context, strides);
          const past = strides === 1 ? x : halved(x, `layer${stage}.0.shortcut`);
          x = normed(`layer${stage}.${block}.`, i, on(conv, x), past);
        }
      }
    }
    x = on(average('average', x), x);
    x = on(tfl.layers.flatten({ name: 'features' }), x);
    x = on(layers.batchNorm({ name: 'bn2', momentum }), x);
    return tfl.model({
      name: 'resnet-20',
      inputs: input,
      outputs: on(linear('linear', context), x),
    });
  },
};

/** Half as wide and high, with twice as many channels: x's own in the middle. */
function halved(x: SymbolicTensor, name: string): SymbolicTensor {
  const channels = Number(x.shape[3]);
  const before = Math.floor(channels / 2);
  // Of an odd size the last window is the part of it that lies in the picture: ceil(n / 2), as the convolution has it.
  const pool = tfl.layers.averagePooling2d({ name: `${name}.pool`, poolSize: 2, padding: 'same' });
  const pad = layers.padChannels({ name: `${name}.pad`, before, after: channels - before });
  return on(pad, on(pool, x));
}

/** Over the whole picture. Not TF.js's global pool: the gradient of its mean runs on a slow kernel. */
function average(name: string, { shape: [, height, width] }: SymbolicTensor) {
  return tfl.layers.averagePooling2d({ name, poolSize: [Number(height), Number(width)] });
}

/** A layer on one tensor or several, as one symbolic tensor. */
function on(layer: tfl.layers.Layer, inputs: SymbolicTensor | SymbolicTensor[]): SymbolicTensor {
  return layer.apply(inputs) as SymbolicTensor;
}
