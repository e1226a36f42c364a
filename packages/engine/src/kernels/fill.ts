/**
 * Constants: Fill, ZerosLike, OnesLike in float32; Cast to a wider type; and Identity.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { KernelEntry } from './entry.js';

const leaves = 'types other than float32';

export const fill: KernelEntry = {
  kernel: tf.Fill,
  uses: ['fill'],
  leaves,
  run(call) {
    const { shape, value, dtype } = call.attrs<tf.FillAttrs>();
    if (typeof value !== 'number' || (dtype ?? 'float32') !== 'float32') return undefined;
    const y = call.output(shape);
    call.compute((kernels, view) => kernels.fill(view(y), value));
    return y;
  },
};

export const zerosLike = constantLike(tf.ZerosLike, 0);
export const onesLike = constantLike(tf.OnesLike, 1);

/**
 * The CPU kernel gives int32 and bool data a new dtype without copying, so that one data id stands for two
 * types. Here a cast to float32 makes float32 numbers.
 */
export const cast: KernelEntry = {
  kernel: tf.Cast,
  uses: [],
  leaves: 'targets other than float32, complex numbers',
  run(call) {
    const x = call.raw('x');
    const isReal = x.dtype === 'int32' || x.dtype === 'bool';
    if (!isReal || call.attrs<tf.CastAttrs>().dtype !== 'float32') return undefined;
    const y = call.output(x.shape);
    call.convert(x, y);
    return y;
  },
};

/** TF.js keeps tensors for the backward by this kernel, a few hundred in a step. */
export const identity: KernelEntry = {
  kernel: tf.Identity,
  uses: [],
  run(call) {
    const x = call.raw('x');
    return call.shared(x, x.shape);
  },
};

function constantLike(kernel: string, value: number): KernelEntry {
  return {
    kernel,
    uses: ['fill'],
    leaves,
    run(call) {
      const x = call.raw('x');
      if (x.dtype !== 'float32') return undefined;
      const y = call.output(x.shape);
      call.compute((kernels, view) => kernels.fill(view(y), value));
      return y;
    },
  };
}
