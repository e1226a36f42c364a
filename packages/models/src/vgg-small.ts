/**
 * VGG-Small for CIFAR as the papers on binary networks have it (reference/methods.md section 2), in channels
 *
 *     128 (float) - 128 - M - 256 - 256 - M - 512 - 512 - M - dense
 *
 * with 3x3 convolutions, a 2x2 max-pool M between a convolution and its batch norm, and a hardtanh behind each batch
 * norm (computed with it, as its activation). No shortcuts. Names are those of the PyTorch repositories.
 */
import { layers } from '@surge-bnn/core';
import * as tfl from '@tensorflow/tfjs-layers';
import { behindNorm, floatConv, innerConv, linear } from './convolutions.js';
import type { Network } from './network.js';
import { checkPaperOptions, paperDefaults } from './options.js';
import type { PaperOptions } from './options.js';

export const vggSmall: Network<PaperOptions> = {
  name: 'vgg-small',
  summary: 'CIFAR VGG-Small: float stem, five binary 3x3 convolutions, one dense layer',
  source: 'as in ReCU (models_cifar/vgg.py) and IR-Net',
  differs: "no scale of the outputs, which is the binarizer's matter",
  inputShape: [32, 32, 3],
  classes: 10,
  defaults: { width: 128, ...paperDefaults },
  build(options, context) {
    checkPaperOptions('vgg-small', options);
    const { width, activation, momentum } = options;
    const model = tfl.sequential({ name: 'vgg-small' });
    model.add(tfl.layers.inputLayer({ name: 'input', inputShape: context.inputShape }));
    [1, 1, 2, 2, 4, 4].forEach((multiple, i) => {
      const filters = multiple * width;
      model.add(
        i === 0
          ? floatConv('conv0', filters, context)
          : innerConv(`conv${i}`, filters, options, context),
      );
      if (i % 2 === 1) model.add(tfl.layers.maxPooling2d({ name: `pool${i}`, poolSize: 2 }));
      model.add(layers.batchNorm({ name: `bn${i}`, momentum, ...behindNorm(activation) }));
      if (activation === 'relu') model.add(tfl.layers.reLU({ name: `relu${i}` }));
    });
    model.add(tfl.layers.flatten({ name: 'features' }));
    model.add(linear('fc', context));
    return model;
  },
};
