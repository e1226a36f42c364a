/**
 * A small plain convolutional network for 28x28 digits: a float stem, binary 3x3 convolutions, a float
 * classifier over averaged features. No shortcuts: everything that reaches the classifier went through
 * every binary layer. No hardtanh either, so that the signs see the batch norm's full range and the box
 * really clips (METHOD.md section 5, "A trap").
 *
 * With width w and a 28x28 input: stem 3x3/2 (1 -> w) at 14x14, binary (w -> 2w) at 14x14, max-pool, binary
 * (2w -> 4w) at 7x7, binary 3x3/2 (4w -> 4w) at 4x4, average, dense. Most channels stand where the picture is
 * small, and cheap.
 */
import { layers } from '@surge-bnn/core';
import { InputError, seedFor } from '@surge-bnn/contract';
import * as tfl from '@tensorflow/tfjs-layers';
import type { BuildContext, Network } from './network.js';

export interface DigitsCnnOptions {
  /** Channels after the stem. */
  width: number;
  /**
   * Share of the moving statistics kept at each step. Signs behind a batch norm turn a small error of its
   * statistics into flipped bits, so they average over more batches than is usual for float networks.
   */
  momentum: number;
}

export const digitsCnn: Network<DigitsCnnOptions> = {
  name: 'digits-cnn',
  summary: 'float stem, three binary 3x3 convolutions, float classifier; for 28x28 pictures',
  defaults: { width: 16, momentum: 0.98 },
  build({ width, momentum }, context) {
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
        layers.batchNorm({ name: 'norm0', momentum }),
        binaryConv('binary1', 2 * width, context),
        tfl.layers.maxPooling2d({ name: 'pool', poolSize: 2 }),
        layers.batchNorm({ name: 'norm1', momentum }),
        binaryConv('binary2', 4 * width, context),
        layers.batchNorm({ name: 'norm2', momentum }),
        binaryConv('binary3', 4 * width, context, 2),
        layers.batchNorm({ name: 'norm3', momentum }),
        tfl.layers.reLU({ name: 'relu' }),
        tfl.layers.averagePooling2d({ name: 'average', poolSize: pooledSize(inputShape) }),
        tfl.layers.flatten({ name: 'features' }),
        classifier,
      ],
    });
  },
};

/** The picture at the end: halved by the stem (padding same), by the pool, and by the last convolution. */
function pooledSize([height, width]: BuildContext['inputShape']): [number, number] {
  const eighth = (n: number) => Math.ceil(Math.floor(Math.ceil(n / 2) / 2) / 2);
  return [eighth(height), eighth(width)];
}

function binaryConv(name: string, filters: number, context: BuildContext, strides = 1) {
  return layers.binaryConv2d({
    name,
    filters,
    kernelSize: 3,
    strides,
    inputBinarizer: context.inputBinarizer,
    weightBinarizer: context.weightBinarizer,
    seed: seedFor(context.seed, `init/${name}`),
  });
}
