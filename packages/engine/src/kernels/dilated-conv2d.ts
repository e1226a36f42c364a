/**
 * SurgeDilatedConv2D and its two gradients: the float convolution of a geometry, shapes checked against it, which decides what
 * memory the kernels touch. (TF.js's kernels have no dilation in their gradients.)
 */
import {
  DILATED_CONV_2D,
  DILATED_CONV_2D_FILTER_GRADIENT,
  DILATED_CONV_2D_INPUT_GRADIENT,
  InputError,
  type ConvGeometry,
  type DilatedConv2DAttrs,
} from '@surge-bnn/contract';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelEntry } from './entry.js';

export const dilatedConv2d: KernelEntry = {
  kernel: DILATED_CONV_2D,
  uses: ['conv2d'],
  run(call) {
    const { geometry } = call.attrs<DilatedConv2DAttrs>();
    const { input, filter, output } = shapes(geometry);
    const x = expected(call.input('x'), input, 'x');
    const weights = expected(call.input('filter'), filter, 'filter');
    const y = call.output(output);
    call.compute((kernels, view) => {
      kernels.conv2d(view(x), view(weights), view(y), geometry);
    });
    return y;
  },
};

export const dilatedConv2dInputGradient: KernelEntry = {
  kernel: DILATED_CONV_2D_INPUT_GRADIENT,
  uses: ['conv2dInputGradient'],
  run(call) {
    const { geometry } = call.attrs<DilatedConv2DAttrs>();
    const { input, filter, output } = shapes(geometry);
    const dy = expected(call.input('dy'), output, 'dy');
    const weights = expected(call.input('filter'), filter, 'filter');
    const dx = call.output(input);
    call.compute((kernels, view) => {
      kernels.conv2dInputGradient(view(dy), view(weights), view(dx), geometry);
    });
    return dx;
  },
};

export const dilatedConv2dFilterGradient: KernelEntry = {
  kernel: DILATED_CONV_2D_FILTER_GRADIENT,
  uses: ['conv2dFilterGradient'],
  run(call) {
    const { geometry } = call.attrs<DilatedConv2DAttrs>();
    const { input, filter, output } = shapes(geometry);
    const x = expected(call.input('x'), input, 'x');
    const dy = expected(call.input('dy'), output, 'dy');
    const dfilter = call.output(filter);
    call.compute((kernels, view) => {
      kernels.conv2dFilterGradient(view(x), view(dy), view(dfilter), geometry);
    });
    return dfilter;
  },
};

function shapes(g: ConvGeometry) {
  return {
    input: [g.batch, g.inHeight, g.inWidth, g.inChannels],
    filter: [g.filterHeight, g.filterWidth, g.inChannels / g.groups, g.outChannels],
    output: [g.batch, g.outHeight, g.outWidth, g.outChannels],
  };
}

function expected(info: TensorInfo, shape: readonly number[], name: string): TensorInfo {
  if (info.shape.length === shape.length && info.shape.every((size, i) => size === shape[i])) {
    return info;
  }
  throw new InputError(
    `dilated convolution: ${name} must have shape [${shape}] for this geometry, got [${info.shape}]`,
  );
}
