/**
 * A small plain convolutional network for 28x28 digits: a float stem, binary 3x3 convolutions, a float
 * classifier over averaged features. No shortcuts: everything that reaches the classifier went through
 * every binary layer. No hardtanh either, so that the signs see the batch norm's full range and the box
 * really clips (METHOD.md section 5, "A trap").
 *
 * width w, 28x28 input: stem 3x3/2 (1 -> w) at 14x14, two binary convolutions (w -> w) at 14x14, max-pool, two
 * binary convolutions (w -> 2w -> 2w) at 7x7, average, dense.
 */
import { layers } from '@surge-bnn/core';
import { InputError, seedFor } from '@surge-bnn/contract';
import * as tfl from '@tensorflow/tfjs-layers';
import type { BuildContext, Network } from './network.js';

export interface DigitsCnnOptions {
  /** Channels after the stem. */
  width: number;
}

export const digitsCnn: Network<DigitsCnnOptions> = {
  name: 'digits-cnn',
  summary: 'float stem, four binary 3x3 convolutions, float classifier; for 28x28 pictures',
  defaults: { width: 32 },
  build({ width }, context) {
    if (!Number.isInteger(width) || width < 1) {
      throw new InputError(`network digits-cnn: width must be a whole number >= 1, got ${width}`);
    }
    const { seed, inputShape, classes } = context;
    const stem = tfl.layers.conv2d({
      name: 'stem',
      filters: width,
      kernelSize: 3,
      strides: 2,
      padding: 'same',
      useBias: false,
      inputShape,
      kernelInitializer: tfl.initializers.heNormal({ seed: seedFor(seed, 'init/stem') }),
    });
    const classifier = tfl.layers.dense({
      name: 'classifier',
      units: classes,
      kernelInitializer: tfl.initializers.glorotNormal({ seed: seedFor(seed, 'init/classifier') }),
    });
    return tfl.sequential({
      name: 'digits-cnn',
      layers: [
        stem,
        layers.batchNorm({ name: 'norm0' }),
        binaryConv('binary1', width, context),
        layers.batchNorm({ name: 'norm1' }),
        binaryConv('binary2', width, context),
        tfl.layers.maxPooling2d({ name: 'pool', poolSize: 2 }),
        layers.batchNorm({ name: 'norm2' }),
        binaryConv('binary3', 2 * width, context),
        layers.batchNorm({ name: 'norm3' }),
        binaryConv('binary4', 2 * width, context),
        layers.batchNorm({ name: 'norm4' }),
        layers.prelu({ name: 'prelu' }),
        tfl.layers.globalAveragePooling2d({ name: 'average', dataFormat: 'channelsLast' }),
        classifier,
      ],
    });
  },
};

function binaryConv(name: string, filters: number, context: BuildContext) {
  return layers.binaryConv2d({
    name,
    filters,
    kernelSize: 3,
    inputBinarizer: context.inputBinarizer,
    weightBinarizer: context.weightBinarizer,
    seed: seedFor(context.seed, `init/${name}`),
  });
}
