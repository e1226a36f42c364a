/**
 * SurgeLayerNorm and its gradient.
 */
import {
  InputError,
  LAYER_NORM,
  LAYER_NORM_GRADIENT,
  type LayerNormAttrs,
} from '@surge-bnn/contract';
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf, type KernelEntry } from './entry.js';
import { expectPerChannel, expectSameSize } from './per-channel.js';

export const layerNorm: KernelEntry = {
  kernel: LAYER_NORM,
  uses: ['layerNorm'],
  run(call) {
    const attrs = call.attrs<LayerNormAttrs>();
    const x = call.input('x');
    const gamma = call.input('gamma');
    const beta = call.input('beta');
    expectPerChannel('layer norm', x, { gamma, beta });
    const rows = rowsOf(x);
    const y = call.output(x.shape);
    const mean = call.output([rows]);
    const inverseStd = call.output([rows]);
    call.compute((kernels, view) =>
      kernels.layerNorm(
        view(x),
        view(gamma),
        view(beta),
        view(y),
        view(mean),
        view(inverseStd),
        attrs,
      ),
    );
    return [y, mean, inverseStd];
  },
};

export const layerNormGradient: KernelEntry = {
  kernel: LAYER_NORM_GRADIENT,
  uses: ['layerNormGradient'],
  run(call) {
    const dy = call.input('dy');
    const x = call.input('x');
    const gamma = call.input('gamma');
    const mean = call.input('mean');
    const inverseStd = call.input('inverseStd');
    expectPerChannel('layer norm', x, { gamma });
    expectSameSize('layer norm', dy, x);
    const rows = rowsOf(x);
    if (sizeOf(mean) !== rows || sizeOf(inverseStd) !== rows) {
      throw new InputError(
        `layer norm: mean and inverseStd must have shape [${rows}], one entry for each row of [${x.shape}], got [${mean.shape}] and [${inverseStd.shape}]`,
      );
    }
    const dx = call.output(x.shape);
    const dgamma = call.output(gamma.shape);
    const dbeta = call.output(gamma.shape);
    call.compute((kernels, view) =>
      kernels.layerNormGradient(
        view(dy),
        view(x),
        view(gamma),
        view(mean),
        view(inverseStd),
        view(dx),
        view(dgamma),
        view(dbeta),
      ),
    );
    return [dx, dgamma, dbeta];
  },
};

function rowsOf(x: tf.TensorInfo): number {
  return tf.util.sizeFromShape(x.shape.slice(0, -1));
}
