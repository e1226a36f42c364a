/**
 * ResNet-20 for CIFAR as the papers on binary networks have it (reference/methods.md section 5): a float stem, 18 binary
 * 3x3 convolutions in three stages, each with a shortcut of its own, no float convolution beside the binary ones, a batch
 * norm and a float classifier.
 */
import type { Network } from './network.js';
import { paperDefaults } from './options.js';
import { residual } from './residual.js';
import type { ResidualOptions } from './residual.js';

export const resNet20: Network<ResidualOptions> = {
  name: 'resnet-20',
  summary: 'CIFAR ResNet-20: float stem, 18 binary 3x3 convolutions with a shortcut each',
  source: 'He et al. (arXiv 1512.03385) as in ReCU (z-hXu/ReCU, cifar/models_cifar/resnet.py)',
  differs: "no scale of the outputs, which is the binarizer's matter",
  inputShape: [32, 32, 3],
  classes: 10,
  defaults: {
    width: 16,
    ...paperDefaults,
    shortcut: 'conv',
    downsample: 'average',
    lastNorm: true,
    floatLayers: [],
  },
  build(options, context) {
    const plan = { name: 'resnet-20', stem: 'cifar', blocks: [3, 3, 3] } as const;
    return residual({ ...plan, classifier: 'linear' }, options, context);
  },
};
