/** Every network of the zoo, small: what tests convert, export and train. */
import type { Model } from '@surge-bnn/core';
import { buildModel } from '@surge-bnn/models';

export type Shape = [number, number, number];
export type Options = Record<string, unknown>;

/** Narrow networks on pictures of the least size at which every layer still has something to do. */
export const zoo: readonly (readonly [network: string, options: Options, inputShape: Shape])[] = [
  ['digits-cnn', { width: 3 }, [12, 12, 1]],
  ['digits-cnn', { width: 3, precision: 'full' }, [8, 8, 1]],
  ['mlp', { units: 20 }, [5, 5, 1]],
  ['mlp', { units: 9, precision: 'full' }, [5, 5, 2]],
  ['resnet-20', { width: 4, shortcut: 'block', downsample: 'slice' }, [9, 9, 3]],
  ['resnet-20', { width: 3, downsample: 'conv', lastNorm: false }, [8, 8, 3]],
  [
    'resnet-20',
    {
      ...{ width: 3, precision: 'full', activation: 'relu', shortcut: 'block' },
      ...{ downsample: 'slice', lastNorm: false },
    },
    [8, 8, 3],
  ],
  ['vgg-small', { width: 4 }, [16, 16, 3]],
  ['vgg-small', { width: 2, precision: 'full', activation: 'relu' }, [8, 8, 3]],
  ['binarynet', { width: 3 }, [14, 14, 3]],
  ['binarynet', { width: 2, padValue: 1 }, [12, 12, 3]],
  ['binarynet', { width: 2, precision: 'full' }, [12, 12, 3]],
  ['cifar-resnet-18', { width: 4 }, [8, 8, 3]],
  ['cifar-resnet-18', { width: 2, shortcut: 'conv', downsample: 'average' }, [12, 12, 3]],
  ['cifar-resnet-18', { width: 2, precision: 'full', activation: 'relu' }, [8, 8, 3]],
  ['imagenet-resnet-18', { width: 4 }, [36, 36, 3]],
  ['imagenet-resnet-18', { width: 4, activation: 'hardtanh', lastNorm: true }, [32, 32, 3]],
  [
    'imagenet-resnet-18',
    {
      ...{ width: 2, precision: 'full', activation: 'relu', shortcut: 'block' },
      downsample: 'conv',
    },
    [32, 32, 3],
  ],
  ['imagenet-resnet-34', { width: 3 }, [24, 24, 3]],
  [
    'imagenet-resnet-34',
    { width: 2, precision: 'full', activation: 'relu', shortcut: 'block' },
    [16, 16, 3],
  ],
  ['imagenet-vgg-16', { width: 3 }, [36, 32, 3]],
  ['imagenet-vgg-16', { width: 2, hidden: 5, batchNorm: false, shortcuts: false }, [32, 32, 3]],
  [
    'imagenet-vgg-16',
    {
      ...{ width: 2, precision: 'full', activation: 'relu', batchNorm: false },
      ...{ shortcuts: false, hidden: 6 },
    },
    [32, 32, 3],
  ],
  ['reactnet-a', { width: 4 }, [32, 32, 3]],
  ['reactnet-a', { width: 2, padValue: 1 }, [24, 24, 3]],
  ['reactnet-a', { width: 2, precision: 'full' }, [16, 16, 3]],
];

export const classes = 6;

export function build(network: string, options: Options, inputShape: Shape): Model {
  const binarizers = { inputBinarizer: 'approx-sign', weightBinarizer: 'ste' } as const;
  return buildModel({ network, options }, { ...binarizers, seed: 3, inputShape, classes });
}
