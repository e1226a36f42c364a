/** The attributes of TF.js's own convolution kernels for a geometry of ours. */
import type { backend_util } from '@tensorflow/tfjs-core';
import type { ConvGeometry } from '@surge-bnn/contract';

/** Padding as TF.js's kernels take it. */
export type Window = 'valid' | backend_util.ExplicitPadding;

export const strides = (g: ConvGeometry): [number, number] => [g.strideHeight, g.strideWidth];

export const convAttrs = (g: ConvGeometry, pad: Window) => ({
  strides: strides(g),
  pad,
  dataFormat: 'NHWC',
  dimRoundingMode: undefined,
});

/** Rows and columns that a filter spans with its dilation. */
export function filterReach(g: ConvGeometry) {
  return {
    height: (g.filterHeight - 1) * g.dilationHeight + 1,
    width: (g.filterWidth - 1) * g.dilationWidth + 1,
  };
}

/** The picture with its padding: at least what the windows touch, and never less than the picture itself. */
function paddedSize(g: ConvGeometry) {
  const reach = filterReach(g);
  return {
    height: Math.max((g.outHeight - 1) * g.strideHeight + reach.height, g.padTop + g.inHeight),
    width: Math.max((g.outWidth - 1) * g.strideWidth + reach.width, g.padLeft + g.inWidth),
  };
}

/** Zeros around the picture, which the kernels leave out of their sums: no padded copy is made. */
export function zeroPadding(g: ConvGeometry): backend_util.ExplicitPadding {
  const { height, width } = paddedSize(g);
  return [
    [0, 0],
    [g.padTop, height - g.padTop - g.inHeight],
    [g.padLeft, width - g.padLeft - g.inWidth],
    [0, 0],
  ];
}
