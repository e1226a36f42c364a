/**
 * Layers of int8 arithmetic: numbers become integers from -127 to 127, whose products are summed exactly. A sum of up to
 * 2^17 of them, each at most 127^2 in size, is below 2^31.
 */
import type { ConvShape, Numbers } from './float-conv.js';
import { endTap, firstTap } from './taps.js';

/** Largest number on an edge of i8, and in a kernel: -128 has no counterpart, and without it two products fit into 16 bits. */
export const largestInt8 = 127;

/** Most products of a sum: 2^17 * 127^2 < 2^31. */
export const mostInt8Products = 2 ** 17;

/** 1.5 * 2^52: around it float64 numbers lie 1 apart, so that adding it rounds to an integer, ties to even. */
const rounder = 6755399441055744;

/**
 * round(factor * x) as the nearest integer, ties to even, limited to [-127, 127].
 *
 * @param factor a float32 above 0.
 * @returns the index of a NaN, which is no integer, or -1.
 */
export function quantizeArray(x: Numbers, factor: number, out: Int8Array): number {
  for (let i = 0; i < x.length; i++) {
    const scaled = Math.fround(factor * x[i]);
    if (scaled !== scaled) return i;
    const limited = Math.min(largestInt8, Math.max(-largestInt8, scaled));
    out[i] = limited + rounder - rounder;
  }
  return -1;
}

/**
 * One picture, padded with 0: fround(fround(scale * fround(s)) + bias) of the exact sum s. x [inHeight, inWidth, inChannels];
 * kernel [filterHeight, filterWidth, inChannels / groups, outChannels]; scale and bias [outChannels]; out [outHeight,
 * outWidth, outChannels].
 *
 * @param sums scratch for one integer per filter.
 */
export function int8Conv2d(
  x: Int8Array,
  kernel: Int8Array,
  scale: Float32Array,
  bias: Float32Array | undefined,
  s: ConvShape,
  out: Float32Array,
  sums: Int32Array,
): void {
  const { inChannels, outChannels, filterHeight, filterWidth, dilationHeight, dilationWidth } = s;
  const channels = inChannels / s.groups;
  const filters = outChannels / s.groups;
  for (let oy = 0, at = 0; oy < s.outHeight; oy++) {
    const top = oy * s.strideHeight - s.padTop;
    const firstRow = firstTap(top, filterHeight, dilationHeight);
    const endRow = endTap(top, firstRow, filterHeight, dilationHeight, s.inHeight);
    for (let ox = 0; ox < s.outWidth; ox++, at += outChannels) {
      const left = ox * s.strideWidth - s.padLeft;
      const firstColumn = firstTap(left, filterWidth, dilationWidth);
      const endColumn = endTap(left, firstColumn, filterWidth, dilationWidth, s.inWidth);
      sums.fill(0);
      for (let ky = firstRow; ky < endRow; ky++) {
        for (let kx = firstColumn; kx < endColumn; kx++) {
          const pixel =
            ((top + ky * dilationHeight) * s.inWidth + left + kx * dilationWidth) * inChannels;
          const tap = (ky * filterWidth + kx) * channels;
          for (let group = 0; group < s.groups; group++) {
            const first = group * filters;
            for (let c = 0; c < channels; c++) {
              const value = x[pixel + group * channels + c];
              const row = (tap + c) * outChannels;
              for (let f = first; f < first + filters; f++) sums[f] += value * kernel[row + f];
            }
          }
        }
      }
      for (let f = 0; f < outChannels; f++) {
        const scaled = Math.fround(scale[f] * Math.fround(sums[f]));
        out[at + f] = bias === undefined ? scaled : scaled + bias[f];
      }
    }
  }
}
