/**
 * Conv2D and its two gradients, NHWC float32. Other layouts and types go to the copied CPU kernels.
 */
import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import type { KernelCall, KernelEntry } from './entry.js';
import { convGeometryOf } from './tf-geometry.js';

const leaves = 'data format NCHW; types other than float32';

export const conv2d: KernelEntry = {
  kernel: tf.Conv2D,
  uses: ['conv2d'],
  leaves,
  run(call) {
    const attrs = call.attrs<tf.Conv2DAttrs>();
    if (attrs.dataFormat === 'NCHW' || !call.areFloat('x', 'filter')) return undefined;
    return forward(call, attrs);
  },
};

/** Conv2D's output; both inputs are known to be NHWC float32. */
export function forward(call: KernelCall, attrs: tf.Conv2DAttrs): tf.TensorInfo {
  const x = call.input('x');
  const filter = call.input('filter');
  const info = geometryInfo(x.shape, filter.shape, attrs, attrs.dilations);
  const y = call.output(info.outShape);
  call.compute((kernels, view) => {
    kernels.conv2d(view(x), view(filter), view(y), convGeometryOf(info));
  });
  return y;
}

export const conv2dInputGradient: KernelEntry = {
  kernel: tf.Conv2DBackpropInput,
  uses: ['conv2dInputGradient'],
  leaves,
  run(call) {
    const attrs = call.attrs<tf.Conv2DBackpropInputAttrs>();
    if (attrs.dataFormat === 'NCHW' || !call.areFloat('dy', 'filter')) return undefined;
    const dy = call.input('dy');
    const filter = call.input('filter');
    const info = geometryInfo(attrs.inputShape, filter.shape, attrs, 1);
    const dx = call.output(info.inShape);
    call.compute((kernels, view) => {
      kernels.conv2dInputGradient(view(dy), view(filter), view(dx), convGeometryOf(info));
    });
    return dx;
  },
};

export const conv2dFilterGradient: KernelEntry = {
  kernel: tf.Conv2DBackpropFilter,
  uses: ['conv2dFilterGradient'],
  leaves,
  run(call) {
    const attrs = call.attrs<tf.Conv2DBackpropFilterAttrs>();
    if (attrs.dataFormat === 'NCHW' || !call.areFloat('x', 'dy')) return undefined;
    const x = call.input('x');
    const dy = call.input('dy');
    const info = geometryInfo(x.shape, attrs.filterShape, attrs, 1);
    const dfilter = call.output(info.filterShape);
    call.compute((kernels, view) => {
      kernels.conv2dFilterGradient(view(x), view(dy), view(dfilter), convGeometryOf(info));
    });
    return dfilter;
  },
};

function geometryInfo(
  xShape: number[],
  filterShape: number[],
  attrs: Pick<tf.Conv2DAttrs, 'strides' | 'pad' | 'dimRoundingMode'>,
  dilations: [number, number] | number,
): tf.backend_util.Conv2DInfo {
  if (xShape.length !== 4 || filterShape.length !== 4 || xShape[3] !== filterShape[2]) {
    throw new InputError(
      `conv2d: an input [${xShape}] and a filter [${filterShape}] do not fit; needed are [batch, height, width, channels] and [height, width, channels, outputs]`,
    );
  }
  return tf.backend_util.computeConv2DInfo(
    quad(xShape),
    quad(filterShape),
    attrs.strides,
    dilations,
    attrs.pad,
    attrs.dimRoundingMode,
  );
}

function quad([a, b, c, d]: number[]): [number, number, number, number] {
  return [a, b, c, d];
}
