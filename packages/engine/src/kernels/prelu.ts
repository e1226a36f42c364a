/**
 * Prelu with one slope or one per channel, and SurgePreluGradient.
 */
import { InputError, PRELU_GRADIENT } from '@surge-bnn/contract';
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf, type KernelEntry } from './entry.js';
import { expectSameSize } from './per-channel.js';

export const prelu: KernelEntry = {
  kernel: tf.Prelu,
  uses: ['prelu'],
  leaves: 'types other than float32; slopes that are neither one number nor one per channel',
  run(call) {
    if (!call.areFloat('x', 'alpha')) return undefined;
    const x = call.input('x');
    const alpha = call.input('alpha');
    if (!isPerChannel(alpha, x)) return undefined;
    const y = call.output(x.shape);
    call.compute((kernels, view) => kernels.prelu(view(x), view(alpha), view(y)));
    return y;
  },
};

export const preluGradient: KernelEntry = {
  kernel: PRELU_GRADIENT,
  uses: ['preluGradient'],
  run(call) {
    const dy = call.input('dy');
    const x = call.input('x');
    const alpha = call.input('alpha');
    expectSameSize('prelu', dy, x);
    if (!isPerChannel(alpha, x)) {
      throw new InputError(
        `prelu: alpha must be one number or one per channel of [${x.shape}], got [${alpha.shape}]`,
      );
    }
    const dx = call.output(x.shape);
    const dalpha = call.output(alpha.shape);
    call.compute((kernels, view) =>
      kernels.preluGradient(view(dy), view(x), view(alpha), view(dx), view(dalpha)),
    );
    return [dx, dalpha];
  },
};

/** Whether alpha is one number or one for each entry of x's last axis, and broadcasts to x. */
function isPerChannel(alpha: tf.TensorInfo, x: tf.TensorInfo): boolean {
  const channels = x.shape[x.shape.length - 1] ?? 1;
  const perChannel =
    sizeOf(alpha) === 1 || (sizeOf(alpha) === channels && alpha.shape.at(-1) === channels);
  return perChannel && alpha.shape.length <= x.shape.length;
}
