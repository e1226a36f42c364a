/**
 * MaxPool, AvgPool and their gradients, NHWC float32.
 */
import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import type { PoolGeometry } from '../providers/provider.js';
import type { KernelEntry } from './entry.js';
import { poolGeometry } from './tf-geometry.js';

const leaves = 'types other than float32';

type PoolAttrs = Pick<tf.MaxPoolAttrs, 'filterSize' | 'strides' | 'pad' | 'dimRoundingMode'>;

export const maxPool: KernelEntry = {
  kernel: tf.MaxPool,
  uses: ['maxPool'],
  leaves,
  run(call) {
    if (!call.areFloat('x')) return undefined;
    const x = call.input('x');
    const { geometry, outShape } = describe(x.shape, call.attrs());
    const y = call.output(outShape);
    call.compute((kernels, view) => kernels.maxPool(view(x), view(y), geometry));
    return y;
  },
};

export const maxPoolGradient: KernelEntry = {
  kernel: tf.MaxPoolGrad,
  uses: ['maxPoolGradient'],
  leaves,
  run(call) {
    if (!call.areFloat('dy', 'input')) return undefined;
    const dy = call.input('dy');
    const x = call.input('input');
    const { geometry } = describe(x.shape, call.attrs());
    const dx = call.output(x.shape);
    call.compute((kernels, view) => kernels.maxPoolGradient(view(dy), view(x), view(dx), geometry));
    return dx;
  },
};

export const avgPool: KernelEntry = {
  kernel: tf.AvgPool,
  uses: ['avgPool'],
  leaves,
  run(call) {
    if (!call.areFloat('x')) return undefined;
    const x = call.input('x');
    const { geometry, outShape } = describe(x.shape, call.attrs());
    const y = call.output(outShape);
    call.compute((kernels, view) => kernels.avgPool(view(x), view(y), geometry));
    return y;
  },
};

export const avgPoolGradient: KernelEntry = {
  kernel: tf.AvgPoolGrad,
  uses: ['avgPoolGradient'],
  leaves,
  run(call) {
    if (!call.areFloat('dy')) return undefined;
    const dy = call.input('dy');
    const shape = call.raw('input').shape;
    const { geometry } = describe(shape, call.attrs());
    const dx = call.output(shape);
    call.compute((kernels, view) => kernels.avgPoolGradient(view(dy), view(dx), geometry));
    return dx;
  },
};

function describe(
  shape: number[],
  attrs: PoolAttrs,
): { geometry: PoolGeometry; outShape: number[] } {
  if (shape.length !== 4) {
    throw new InputError(
      `pooling: the input must have shape [batch, height, width, channels], got [${shape}]`,
    );
  }
  const [batch, height, width, channels] = shape;
  const info = tf.backend_util.computePool2DInfo(
    [batch, height, width, channels],
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  return { geometry: poolGeometry(info), outShape: info.outShape };
}
