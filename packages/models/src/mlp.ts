/** A multilayer perceptron with every dense layer but the last binary, the first included. */
import { layers } from '@surge-bnn/core';
import { checkCount, seedFor } from '@surge-bnn/contract';
import * as tfl from '@tensorflow/tfjs-layers';
import { innerDense } from './convolutions.js';
import type { Network } from './network.js';
import { checkPrecision } from './options.js';
import type { Precision } from './options.js';

export interface MlpOptions {
  /** Hidden layers. */
  depth: number;
  /** Units of each. */
  units: number;
  /** full: the full-precision twin, with a hardtanh behind each hidden layer's batch norm. */
  precision: Precision;
}

export const mlp: Network<MlpOptions> = {
  name: 'mlp',
  summary: 'binary dense layers on binarized pixels, float classifier',
  source: 'our own, after Courbariaux et al. (arXiv 1602.02830)',
  differs: 'float classifier, a batch norm in front of the first layer, narrower',
  inputShape: [28, 28, 1],
  classes: 10,
  defaults: { depth: 2, units: 256, precision: 'binary' },
  build({ depth, units, precision }, context) {
    checkCount('network mlp', 'depth', depth);
    checkCount('network mlp', 'units', units);
    checkPrecision('mlp', precision);
    const { seed, inputShape, classes } = context;
    const behind = precision === 'full' ? ({ activation: 'hardTanh' } as const) : {};
    const hidden = Array.from({ length: depth }, (_, i) => i + 1).flatMap((i) => [
      innerDense(`binary${i}`, units, precision, context),
      layers.batchNorm({ name: `norm${i}`, ...behind }),
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
