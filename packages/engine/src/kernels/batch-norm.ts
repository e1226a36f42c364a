/**
 * SurgeBatchNorm, alone and with the sum and the clip behind it, and its gradient.
 */
import {
  BATCH_NORM,
  BATCH_NORM_ADD_CLIP,
  BATCH_NORM_ADD_CLIP_GRADIENT,
  BATCH_NORM_GRADIENT,
  InputError,
  type BatchNormAddClipAttrs,
  type BatchNormAttrs,
} from '@surge-bnn/contract';
import type { KernelEntry } from './entry.js';
import { expectPerChannel, expectSameSize } from './per-channel.js';

export const batchNormAddClip: KernelEntry = {
  kernel: BATCH_NORM_ADD_CLIP,
  uses: ['batchNorm'],
  run(call) {
    const attrs = call.attrs<BatchNormAttrs | BatchNormAddClipAttrs>();
    const x = call.input('x');
    const gamma = call.input('gamma');
    const beta = call.input('beta');
    const shortcut = call.has('shortcut') ? call.input('shortcut') : undefined;
    expectPerChannel('batch norm', x, { gamma, beta });
    if (shortcut !== undefined && shortcut.shape.join() !== x.shape.join()) {
      throw new InputError(
        `batch norm: the shortcut must have the shape of x, [${x.shape}], got [${shortcut.shape}]`,
      );
    }
    const y = call.output(x.shape);
    const mean = call.output(gamma.shape);
    const variance = call.output(gamma.shape);
    call.compute((kernels, view) =>
      kernels.batchNorm(
        view(x),
        view(gamma),
        view(beta),
        shortcut && view(shortcut),
        view(y),
        view(mean),
        view(variance),
        attrs,
      ),
    );
    return [y, mean, variance];
  },
};

/** The same without a shortcut and bounds. */
export const batchNorm: KernelEntry = { ...batchNormAddClip, kernel: BATCH_NORM };

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

export const batchNormAddClipGradient: KernelEntry = {
  kernel: BATCH_NORM_ADD_CLIP_GRADIENT,
  uses: ['batchNormAddClipGradient'],
  run(call) {
    const attrs = call.attrs<BatchNormAddClipAttrs>();
    const dy = call.input('dy');
    const y = call.input('y');
    const x = call.input('x');
    const gamma = call.input('gamma');
    const mean = call.input('mean');
    const variance = call.input('variance');
    expectPerChannel('batch norm', x, { gamma, mean, variance });
    expectSameSize('batch norm', dy, x);
    expectSameSize('batch norm', y, x);
    const dx = call.output(x.shape);
    const dgamma = call.output(gamma.shape);
    const dbeta = call.output(gamma.shape);
    const dsum = call.output(x.shape);
    call.compute((kernels, view) =>
      kernels.batchNormAddClipGradient(
        view(dy),
        view(y),
        view(x),
        view(gamma),
        view(mean),
        view(variance),
        view(dx),
        view(dgamma),
        view(dbeta),
        view(dsum),
        attrs,
      ),
    );
    return [dx, dgamma, dbeta, dsum];
  },
};
