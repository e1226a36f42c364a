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
import { checkCount, seedFor } from '@surge-bnn/contract';
import * as tfl from '@tensorflow/tfjs-layers';
import type { BuildContext, Network } from './network.js';
import { checkPrecision } from './options.js';
import type { Precision } from './options.js';

export interface DigitsCnnOptions {
  /** Channels after the stem. */
  width: number;
  /**
   * Share of the moving statistics kept at each step. Signs behind a batch norm turn a small error of its
   * statistics into flipped bits, so they average over more batches than is usual for float networks.
   */
  momentum: number;
  /** full: the full-precision twin, with a hardtanh behind each batch norm that a sign would follow. */
  precision: Precision;
}

export const digitsCnn: Network<DigitsCnnOptions> = {
  name: 'digits-cnn',
  summary: 'float stem, three binary 3x3 convolutions, float classifier; for 28x28 pictures',
  source: 'our own',
  differs: '',
  inputShape: [28, 28, 1],
  classes: 10,
  defaults: { width: 16, momentum: 0.98, precision: 'binary' },
  build({ width, momentum, precision }, context) {
    checkCount('network digits-cnn', 'width', width);
    checkPrecision('digits-cnn', precision);
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
    const behind = precision === 'full' ? ({ activation: 'hardTanh' } as const) : {};
    const conv = (name: string, filters: number, strides = 1) =>
      innerConv(name, filters, strides, precision, context);
    return tfl.sequential({
      name: 'digits-cnn',
      layers: [
        stem,
        layers.batchNorm({ name: 'norm0', momentum, ...behind }),
        conv('binary1', 2 * width),
        tfl.layers.maxPooling2d({ name: 'pool', poolSize: 2 }),
        layers.batchNorm({ name: 'norm1', momentum, ...behind }),
        conv('binary2', 4 * width),
        layers.batchNorm({ name: 'norm2', momentum, ...behind }),
        conv('binary3', 4 * width, 2),
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

function innerConv(
  name: string,
  filters: number,
  strides: number,
  precision: Precision,
  { inputBinarizer, weightBinarizer, seed }: BuildContext,
) {
  const shared = { name, filters, kernelSize: 3, strides, seed: seedFor(seed, `init/${name}`) };
  if (precision === 'full') return layers.conv2d(shared);
  return layers.binaryConv2d({ ...shared, inputBinarizer, weightBinarizer });
}
