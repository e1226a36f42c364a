/** A multilayer perceptron with every dense layer but the last binary, the first included. */
import { layers } from '@surge-bnn/core';
import { InputError, seedFor } from '@surge-bnn/contract';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Network } from './network.js';

export interface MlpOptions {
  /** Hidden layers. */
  depth: number;
  /** Units of each. */
  units: number;
}

export const mlp: Network<MlpOptions> = {
  name: 'mlp',
  summary: 'binary dense layers on binarized pixels, float classifier',
  defaults: { depth: 2, units: 256 },
  build({ depth, units }, { inputBinarizer, weightBinarizer, seed, inputShape, classes }) {
    for (const [name, value] of Object.entries({ depth, units })) {
      if (!Number.isInteger(value) || value < 1) {
        throw new InputError(`network mlp: ${name} must be a whole number >= 1, got ${value}`);
      }
    }
    const hidden = Array.from({ length: depth }, (_, i) => i + 1).flatMap((i) => [
      layers.binaryDense({
        name: `binary${i}`,
        units,
        inputBinarizer,
        weightBinarizer,
        seed: seedFor(seed, `init/binary${i}`),
      }),
      layers.batchNorm({ name: `norm${i}` }),
    ]);
    const classifier = tfl.layers.dense({
      name: 'classifier',
      units: classes,
      kernelInitializer: tfl.initializers.glorotNormal({ seed: seedFor(seed, 'init/classifier') }),
    });
    return tfl.sequential({
      name: 'mlp',
      layers: [
        tfl.layers.flatten({ name: 'flatten', inputShape }),
        layers.batchNorm({ name: 'norm0' }),
        ...hidden,
        classifier,
      ],
    });
  },
};
