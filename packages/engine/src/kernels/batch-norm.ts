/**
 * SurgeBatchNorm and its gradient.
 */
import {
  BATCH_NORM,
  BATCH_NORM_GRADIENT,
  InputError,
  type BatchNormAttrs,
} from '@surge-bnn/contract';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf, type KernelEntry } from './entry.js';

export const batchNorm: KernelEntry = {
  kernel: BATCH_NORM,
  uses: ['batchNorm'],
  run(call) {
    const attrs = call.attrs<BatchNormAttrs>();
    const x = call.input('x');
    const gamma = call.input('gamma');
    const beta = call.input('beta');
    expectChannels(x, { gamma, beta });
    const y = call.output(x.shape);
    const mean = call.output(gamma.shape);
    const variance = call.output(gamma.shape);
    call.compute((kernels, view) =>
      kernels.batchNorm(
        view(x),
        view(gamma),
        view(beta),
        view(y),
        view(mean),
        view(variance),
        attrs,
      ),
    );
    return [y, mean, variance];
  },
};

export const batchNormGradient: KernelEntry = {
  kernel: BATCH_NORM_GRADIENT,
  uses: ['batchNormGradient'],
  run(call) {
    const attrs = call.attrs<BatchNormAttrs>();
    const dy = call.input('dy');
    const x = call.input('x');
    const gamma = call.input('gamma');
    const mean = call.input('mean');
    const variance = call.input('variance');
    expectChannels(x, { gamma, mean, variance });
    if (sizeOf(dy) !== sizeOf(x)) {
      throw new InputError(`batch norm: dy [${dy.shape}] and x [${x.shape}] differ in size`);
    }
    const dx = call.output(x.shape);
    const dgamma = call.output(gamma.shape);
    const dbeta = call.output(gamma.shape);
    call.compute((kernels, view) =>
      kernels.batchNormGradient(
        view(dy),
        view(x),
        view(gamma),
        view(mean),
        view(variance),
        view(dx),
        view(dgamma),
        view(dbeta),
        attrs,
      ),
    );
    return [dx, dgamma, dbeta];
  },
};

function expectChannels(x: TensorInfo, perChannel: Record<string, TensorInfo>): void {
  const channels = x.shape[x.shape.length - 1];
  for (const [name, info] of Object.entries(perChannel)) {
    if (info.shape.length !== 1 || info.shape[0] !== channels) {
      throw new InputError(
        `batch norm: ${name} must have shape [${channels}], one entry for each channel of [${x.shape}], got [${info.shape}]`,
      );
    }
  }
}
