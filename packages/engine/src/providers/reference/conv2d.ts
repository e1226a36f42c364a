/**
 * Reference of the float convolution and its two gradients: NHWC activations, HWIO filters, groups,
 * strides, dilation, padding with zeros. Seven plain loops, float64 sums rounded once; slow on purpose,
 * because every fast kernel is tested against it.
 */
import type { ConvGeometry } from '@surge-bnn/contract';
import { inputColumn, inputRow, isInside } from './window.js';

/** One multiply-add of a convolution: which entries of x, filter and y meet. x = -1: padding. */
type Visitor = (x: number, filter: number, y: number) => void;

/** y = conv(x, filter), padding reads 0. */
export function conv2d(
  x: Float32Array,
  filter: Float32Array,
  y: Float32Array,
  g: ConvGeometry,
): void {
  y.set(convolve(x, filter, y.length, g, 0));
}

/** dx = the gradient of `conv2d` at its input, for the output gradient dy. */
export function conv2dInputGradient(
  dy: Float32Array,
  filter: Float32Array,
  dx: Float32Array,
  g: ConvGeometry,
): void {
  dx.set(inputGradient(dy, filter, dx.length, g));
}

/** dfilter = the gradient of `conv2d` at its filter, for the output gradient dy. */
export function conv2dFilterGradient(
  x: Float32Array,
  dy: Float32Array,
  dfilter: Float32Array,
  g: ConvGeometry,
): void {
  dfilter.set(filterGradient(x, dy, dfilter.length, g, 0));
}

/** The sums of a convolution in float64, not rounded; padding reads `padValue`. */
export function convolve(
  x: Float32Array,
  filter: Float32Array,
  outputs: number,
  g: ConvGeometry,
  padValue: number,
): Float64Array {
  const sums = new Float64Array(outputs);
  visitProducts(g, (ix, iw, iy) => {
    sums[iy] += (ix < 0 ? padValue : x[ix]) * filter[iw];
  });
  return sums;
}

/** The sums of the input gradient in float64, not rounded. Padding has no gradient. */
export function inputGradient(
  dy: Float32Array,
  filter: Float32Array,
  inputs: number,
  g: ConvGeometry,
): Float64Array {
  const sums = new Float64Array(inputs);
  visitProducts(g, (ix, iw, iy) => {
    if (ix >= 0) sums[ix] += dy[iy] * filter[iw];
  });
  return sums;
}

/** The sums of the filter gradient in float64, not rounded; padding reads `padValue`. */
export function filterGradient(
  x: Float32Array,
  dy: Float32Array,
  weights: number,
  g: ConvGeometry,
  padValue: number,
): Float64Array {
  const sums = new Float64Array(weights);
  visitProducts(g, (ix, iw, iy) => {
    sums[iw] += (ix < 0 ? padValue : x[ix]) * dy[iy];
  });
  return sums;
}

/** Calls `visit` for every multiply-add of the convolution, padding included. */
function visitProducts(g: ConvGeometry, visit: Visitor): void {
  const groupInputs = g.inChannels / g.groups;
  const groupOutputs = g.outChannels / g.groups;
  for (let n = 0; n < g.batch; n++) {
    for (let oh = 0; oh < g.outHeight; oh++) {
      for (let ow = 0; ow < g.outWidth; ow++) {
        for (let fh = 0; fh < g.filterHeight; fh++) {
          for (let fw = 0; fw < g.filterWidth; fw++) {
            const row = inputRow(g, oh, fh);
            const column = inputColumn(g, ow, fw);
            const inside = isInside(g, row, column);
            for (let o = 0; o < g.outChannels; o++) {
              const firstInput = Math.floor(o / groupOutputs) * groupInputs;
              const iy = ((n * g.outHeight + oh) * g.outWidth + ow) * g.outChannels + o;
              for (let c = 0; c < groupInputs; c++) {
                const ix =
                  ((n * g.inHeight + row) * g.inWidth + column) * g.inChannels + firstInput + c;
                const iw = ((fh * g.filterWidth + fw) * groupInputs + c) * g.outChannels + o;
                visit(inside ? ix : -1, iw, iy);
              }
            }
          }
        }
      }
    }
  }
}
