/**
 * SurgeCanonicalConv2D: shapes checked against the geometry, which decides what memory the kernel touches.
 */
import { CANONICAL_CONV_2D, InputError, type CanonicalConv2DAttrs } from '@surge-bnn/contract';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelEntry } from './entry.js';

export const canonicalConv2d: KernelEntry = {
  kernel: CANONICAL_CONV_2D,
  uses: ['canonicalConv2d'],
  run(call) {
    const { geometry: g, padValue = 0 } = call.attrs<CanonicalConv2DAttrs>();
    const x = call.input('x');
    const kernel = call.input('kernel');
    const bias = call.has('bias') ? call.input('bias') : undefined;
    expectShape(x, [g.batch, g.inHeight, g.inWidth, g.inChannels], 'x');
    const filter = [g.filterHeight, g.filterWidth, g.inChannels / g.groups, g.outChannels];
    expectShape(kernel, filter, 'kernel');
    if (bias) expectShape(bias, [g.outChannels], 'bias');
    const y = call.output([g.batch, g.outHeight, g.outWidth, g.outChannels]);
    call.compute((kernels, view) => {
      kernels.canonicalConv2d(view(x), view(kernel), bias && view(bias), view(y), g, padValue);
    });
    return y;
  },
};

function expectShape(info: TensorInfo, shape: readonly number[], name: string): void {
  if (info.shape.length === shape.length && info.shape.every((size, i) => size === shape[i]))
    return;
  throw new InputError(
    `canonical convolution: ${name} must have shape [${shape}] for this geometry, got [${info.shape}]`,
  );
}
