/** The names of PyTorch repositories, for our layers. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildModel, torchNames } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const binarizers = { inputBinarizer: 'ste', weightBinarizer: 'ste' } as const;

function namesIn(network: string, tensors: readonly string[], options = {}) {
  const model = buildModel(
    { network, options: { width: 2, ...options } },
    { ...binarizers, seed: 1, inputShape: [16, 16, 3], classes: 3 },
  );
  return torchNames(model, tensors);
}

describe('torchNames', () => {
  it.each<[string, string[], Record<string, string>]>([
    ['resnet-20', ['conv1.weight', 'layer1.0.bn1.weight', 'linear.bias', 'bn2.running_var'], {}],
    ['resnet-20', ['fc.weight', 'fc.bias'], { fc: 'linear' }],
    [
      'cifar-resnet-18',
      ['linear.weight', 'layer2.0.shortcut.0.weight', 'layer2.0.shortcut.1.num_batches_tracked'],
      {
        linear: 'fc',
        'layer2.0.shortcut.0': 'layer2.0.downsample.0',
        'layer2.0.shortcut.1': 'layer2.0.downsample.1',
      },
    ],
    // No such layer of ours: the import has to say what is wrong.
    ['cifar-resnet-18', ['layer1.0.shortcut.0.weight', 'layer9.0.conv1.weight'], {}],
    [
      'imagenet-resnet-18',
      ['layer3.3.binary_conv.weights', 'layer3.3.bn1.bias', 'layer3.0.downsample.1.weight'],
      {
        'layer3.3.binary_conv': 'layer3.1.conv2',
        'layer3.3.bn1': 'layer3.1.bn2',
        'layer3.3.binary_conv.weights': 'layer3.1.conv2/kernel',
      },
    ],
    [
      'reactnet-a',
      [
        ...['move11.bias', 'binary_3x3.weights', 'bn1.weight', 'move12.bias', 'prelu1.weight'],
        ...['move13.bias', 'move21.bias', 'binary_pw.weight', 'move22.bias', 'prelu2.weight'],
        'move23.bias',
      ].map((name) => `feature.3.${name}`),
      {
        'feature.3.binary_3x3.weights': 'feature.3.binary_3x3/kernel',
        'feature.3.move12': 'feature.3.rprelu1/shiftBefore',
        'feature.3.prelu1': 'feature.3.rprelu1/alpha',
        'feature.3.move13': 'feature.3.rprelu1/shiftAfter',
        'feature.3.move22': 'feature.3.rprelu2/shiftBefore',
        'feature.3.prelu2': 'feature.3.rprelu2/alpha',
        'feature.3.move23': 'feature.3.rprelu2/shiftAfter',
      },
    ],
    [
      'imagenet-vgg-16',
      ['features.0.weight', 'features.0.bias', 'features.28.bias', 'classifier.6.bias'],
      {
        'features.0.bias': 'features.0.bias/bias',
        'features.28.bias': 'features.28.bias/bias',
      },
    ],
  ])('of %s finds those of %j', (network, tensors, expected) => {
    const options = network === 'imagenet-vgg-16' ? { batchNorm: false } : {};
    expect(namesIn(network, tensors, options)).toEqual(expected);
  });
});
