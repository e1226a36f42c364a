/**
 * BinaryNet for CIFAR as larq's tutorial has it, after Courbariaux et al. (arXiv 1602.02830), in channels
 *
 *     128 - 128 - M - 256 - 256 - M - 512 - 512 - M - 1024 - 1024 - classes
 *
 * with 3x3 convolutions, 2x2 max-pools M, then dense layers. Every layer is binary, the classifier too, with a batch norm
 * behind it; only the pictures stay float, and the first convolution, which does not pad, adds them up with 1-bit weights.
 * The batch norms have no gamma. (larq's network ends with a softmax; ours gives its logits.)
 */
import { layers } from '@surge-bnn/core';
import { seedFor } from '@surge-bnn/contract';
import * as tfl from '@tensorflow/tfjs-layers';
import { innerConv, innerDense } from './convolutions.js';
import type { BuildContext, Network } from './network.js';
import { checkSharedOptions, sharedDefaults } from './options.js';
import type { Precision, SharedOptions } from './options.js';

export const binaryNet: Network<SharedOptions> = {
  name: 'binarynet',
  summary: "larq's CIFAR BinaryNet: six convolutions, three dense layers, all with 1-bit weights",
  source:
    "larq's tutorial (larq/docs, binarynet_cifar10), after Courbariaux et al. (arXiv 1602.02830)",
  differs:
    'logits, no softmax behind them; latent weights start Kaiming-normal in the convolutions, theirs Glorot-uniform',
  inputShape: [32, 32, 3],
  classes: 10,
  // Keras counts the share that is kept, as we do.
  defaults: { width: 128, ...sharedDefaults, momentum: 0.999 },
  build(options, context) {
    checkSharedOptions('binarynet', options);
    const { width, precision, momentum } = options;
    const model = tfl.sequential({ name: 'binarynet' });
    model.add(tfl.layers.inputLayer({ name: 'input', inputShape: context.inputShape }));
    const normed = (name: string, last = false) => {
      // Between two binary layers the sign is the activation.
      const activation = precision === 'full' && !last ? ({ activation: 'hardTanh' } as const) : {};
      // Keras's epsilon.
      const norm = { name, momentum, epsilon: 1e-3, scale: false };
      model.add(layers.batchNorm({ ...norm, ...activation }));
    };
    [1, 1, 2, 2, 4, 4].forEach((multiple, i) => {
      const filters = multiple * width;
      model.add(
        i === 0
          ? stem('conv0', filters, precision, context)
          : innerConv(`conv${i}`, filters, options, context),
      );
      if (i % 2 === 1) model.add(tfl.layers.maxPooling2d({ name: `pool${i}`, poolSize: 2 }));
      normed(`bn${i}`);
    });
    model.add(tfl.layers.flatten({ name: 'features' }));
    [8 * width, 8 * width, context.classes].forEach((units, i) => {
      model.add(innerDense(`dense${i}`, units, precision, context));
      normed(`bn${6 + i}`, i === 2);
    });
    return model;
  },
};

/** Binary weights on float pictures. */
function stem(name: string, filters: number, precision: Precision, context: BuildContext) {
  const seed = seedFor(context.seed, `init/${name}`);
  const shared = { name, filters, kernelSize: 3, padding: 'valid', seed } as const;
  if (precision === 'full') return layers.conv2d(shared);
  const { weightBinarizer } = context;
  const binary = { inputBinarizer: 'none', weightBinarizer, initializer: 'heNormal' } as const;
  return layers.binaryConv2d({ ...shared, ...binary });
}
