/**
 * SurgeBatchNorm and its gradient.
 */
import { BATCH_NORM, BATCH_NORM_GRADIENT, type BatchNormAttrs } from '@surge-bnn/contract';
import type { KernelEntry } from './entry.js';
import { expectPerChannel, expectSameSize } from './per-channel.js';

export const batchNorm: KernelEntry = {
  kernel: BATCH_NORM,
  uses: ['batchNorm'],
  run(call) {
    const attrs = call.attrs<BatchNormAttrs>();
    const x = call.input('x');
    const gamma = call.input('gamma');
    const beta = call.input('beta');
    expectPerChannel('batch norm', x, { gamma, beta });
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
    expectPerChannel('batch norm', x, { gamma, mean, variance });
    expectSameSize('batch norm', dy, x);
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
