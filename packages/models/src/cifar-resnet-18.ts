/**
 * ResNet-18 for CIFAR as IR-Net's and ReCU's repositories have it: ImageNet's four stages of two blocks behind a 3x3 stem without
 * a pool, one shortcut per block, binary 1x1 convolutions where a stage begins, a batch norm and a float classifier. (There
 * the stem's batch norm has no hardtanh behind it.)
 */
import type { Network } from './network.js';
import { paperDefaults } from './options.js';
import { residual } from './residual.js';
import type { ResidualOptions } from './residual.js';

export const cifarResNet18: Network<ResidualOptions> = {
  name: 'cifar-resnet-18',
  summary: 'CIFAR ResNet-18: float 3x3 stem, 16 binary 3x3 convolutions, a shortcut past each two',
  source: 'He et al. as in ReCU (cifar/models_cifar/resnet2.py) and IR-Net',
  differs:
    "a hardtanh behind the stem's batch norm, too; 'downsample' and 'fc' for 'shortcut' and 'linear'",
  inputShape: [32, 32, 3],
  classes: 10,
  defaults: {
    width: 64,
    ...paperDefaults,
    shortcut: 'block',
    downsample: 'binary-conv',
    lastNorm: true,
    floatLayers: [],
  },
  build(options, context) {
    const plan = { name: 'cifar-resnet-18', stem: 'cifar', blocks: [2, 2, 2, 2] } as const;
    return residual({ ...plan, classifier: 'fc' }, options, context);
  },
};
