/**
 * ResNet-18 and ResNet-34 for ImageNet as Bi-Real Net has them: a float 7x7 stem with a max-pool, a shortcut past each binary
 * 3x3 convolution, means of 2x2 and a float 1x1 convolution where a stage begins, a float classifier; no activation but
 * the signs. (ReCU and IR-Net: activation hardtanh, lastNorm true.)
 */
import type { Network } from './network.js';
import { paperDefaults } from './options.js';
import { residual } from './residual.js';
import type { ResidualOptions } from './residual.js';

export const imageNetResNet18 = imageNetResNet(18, [2, 2, 2, 2]);
export const imageNetResNet34 = imageNetResNet(34, [3, 4, 6, 3]);

function imageNetResNet(depth: 18 | 34, blocks: readonly number[]): Network<ResidualOptions> {
  const name = `imagenet-resnet-${depth}`;
  return {
    name,
    summary: `ImageNet ResNet-${depth}, Bi-Real style: float 7x7 stem, ${depth - 2} binary 3x3 convolutions with a shortcut each`,
    source: 'Bi-Real Net (arXiv 1808.00278; liuzechun/Bi-Real-net)',
    differs:
      "torchvision's names, two convolutions a block; no scale of the weights, which is the binarizer's matter",
    inputShape: [224, 224, 3],
    classes: 1000,
    defaults: {
      width: 64,
      ...paperDefaults,
      activation: 'none',
      shortcut: 'conv',
      downsample: 'average-conv',
      lastNorm: false,
      floatLayers: [],
    },
    build(options, context) {
      return residual({ name, stem: 'imagenet', blocks, classifier: 'fc' }, options, context);
    },
  };
}
