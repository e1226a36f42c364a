/** A small network of all our layers, for the tests of this package. */
import * as tfl from '@tensorflow/tfjs-layers';
import * as layers from './index.js';

export const plain = { inputBinarizer: 'ste', weightBinarizer: 'ste' } as const;

export function network() {
  return tfl.sequential({
    layers: [
      layers.binaryConv2d({
        ...plain,
        name: 'c1',
        filters: 5,
        kernelSize: 3,
        seed: 1,
        inputShape: [6, 6, 3],
      }),
      layers.batchNorm({ name: 'n1' }),
      layers.rprelu({ name: 'r1' }),
      layers.binaryConv2d({
        ...plain,
        name: 'c2',
        filters: 4,
        kernelSize: [3, 1],
        strides: 2,
        padding: 'valid',
        padValue: -1,
        seed: 2,
      }),
      layers.prelu({ name: 'p1' }),
      layers.hardTanh({ name: 'h1' }),
      tfl.layers.flatten(),
      layers.binaryDense({ ...plain, name: 'd1', units: 3, seed: 3 }),
      layers.batchNorm({ name: 'n2' }),
    ],
  });
}
