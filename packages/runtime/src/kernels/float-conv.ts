/**
 * Float operators in canonical arithmetic (METHOD: "accumulate in f64 and round once"). A product of two float32 is
 * exact in f64 (24 + 24 <= 53 bits). The sum of products is not, so its order is part of the definition: for each output,
 * from +0 over the window's rows, its columns, then the channels of the group, skipping what lies outside the picture
 * when it is padded with 0; then the bias; then one rounding to float32. Whoever keeps that order for each output, in any
 * number of lanes, gets the same bits.
 */
import { endTap, firstTap } from './taps.js';
import type { WindowSizes } from './taps.js';

/** Sizes of a convolution on one picture; pads are those above and on the left, the others follow from the output. */
export interface ConvShape extends WindowSizes {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
}

/** Numbers that a float operator reads: float32, or integers that are float32, too. */
export type Numbers = Float32Array | Int32Array;

/** What a window sees: its numbers in the order of the sum, and where in the kernel the weights of each stand. */
export interface ConvScratch {
  readonly seen: Float64Array;
  readonly rows: Int32Array;
}

/** Bytes of `convScratch`: a float64 and an int32 for each number that a window sees of one group. */
export function convScratchBytes(s: ConvShape): number {
  return 12 * numbersSeen(s);
}

/** @param buffer of convScratchBytes or more, which others may use between two calls of conv2d. */
export function convScratch(
  s: ConvShape,
  buffer = new ArrayBuffer(convScratchBytes(s)),
): ConvScratch {
  const count = numbersSeen(s);
  return {
    seen: new Float64Array(buffer, 0, count),
    rows: new Int32Array(buffer, 8 * count, count),
  };
}

function numbersSeen(s: ConvShape): number {
  return (s.filterHeight * s.filterWidth * s.inChannels) / s.groups;
}

/**
 * One picture. x [inHeight, inWidth, inChannels]; kernel [filterHeight, filterWidth, inChannels / groups,
 * outChannels]; bias [outChannels]; out [outHeight, outWidth, outChannels].
 *
 * @param padValue what stands outside the picture.
 * @param scratch of `convScratch`; given, nothing is allocated.
 */
export function conv2d(
  x: Numbers,
  kernel: Float32Array,
  bias: Float32Array | undefined,
  s: ConvShape,
  out: Float32Array,
  padValue = 0,
  scratch = convScratch(s),
): void {
  const groupOut = s.outChannels / s.groups;
  let at = 0;
  for (let oy = 0; oy < s.outHeight; oy++) {
    for (let ox = 0; ox < s.outWidth; ox++) {
      for (let group = 0; group < s.groups; group++) {
        const count = gather(x, s, oy, ox, group, padValue, scratch);
        sumFilters(scratch, count, kernel, bias, group * groupOut, groupOut, out, at);
      }
      at += s.outChannels;
    }
  }
}

/** @returns how many numbers the window sees of one group. */
function gather(
  x: Numbers,
  s: ConvShape,
  oy: number,
  ox: number,
  group: number,
  padValue: number,
  { seen, rows }: ConvScratch,
): number {
  const channels = s.inChannels / s.groups;
  let count = 0;
  for (let ky = 0; ky < s.filterHeight; ky++) {
    const iy = oy * s.strideHeight + ky * s.dilationHeight - s.padTop;
    for (let kx = 0; kx < s.filterWidth; kx++) {
      const ix = ox * s.strideWidth + kx * s.dilationWidth - s.padLeft;
      const inside = iy >= 0 && iy < s.inHeight && ix >= 0 && ix < s.inWidth;
      if (!inside && padValue === 0) continue;
      const pixel = (iy * s.inWidth + ix) * s.inChannels + group * channels;
      const tap = (ky * s.filterWidth + kx) * channels;
      for (let c = 0; c < channels; c++) {
        seen[count] = inside ? x[pixel + c] : padValue;
        rows[count] = (tap + c) * s.outChannels;
        count += 1;
      }
    }
  }
  return count;
}

/** Filters `first` and the `filters` - 1 behind it, four at a time: four sums stay in registers, each in its own order. */
function sumFilters(
  { seen, rows }: ConvScratch,
  count: number,
  kernel: Float32Array,
  bias: Float32Array | undefined,
  first: number,
  filters: number,
  out: Float32Array,
  at: number,
): void {
  const end = first + filters;
  let f = first;
  for (; f + 4 <= end; f += 4) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < count; i++) {
      const value = seen[i];
      const row = rows[i] + f;
      a += value * kernel[row];
      b += value * kernel[row + 1];
      c += value * kernel[row + 2];
      d += value * kernel[row + 3];
    }
    out[at + f] = bias === undefined ? a : a + bias[f];
    out[at + f + 1] = bias === undefined ? b : b + bias[f + 1];
    out[at + f + 2] = bias === undefined ? c : c + bias[f + 2];
    out[at + f + 3] = bias === undefined ? d : d + bias[f + 3];
  }
  for (; f < end; f++) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += seen[i] * kernel[rows[i] + f];
    out[at + f] = bias === undefined ? sum : sum + bias[f];
  }
}

/** A dense layer as a convolution: a picture of one column and a window of one tap. */
export function denseShape(rows: number, inputs: number, units: number): ConvShape {
  return {
    inHeight: rows,
    inWidth: 1,
    inChannels: inputs,
    outHeight: rows,
    outWidth: 1,
    outChannels: units,
    filterHeight: 1,
    filterWidth: 1,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: 0,
    padLeft: 0,
    groups: 1,
  };
}

/** The window of a pool on one picture. */
export interface PoolShape extends WindowSizes {
  readonly channels: number;
}

/**
 * Mean over the part of each window that lies inside the picture: f64 sum in row-major order, divided, rounded once.
 *
 * @param sums scratch for one number per channel; given, nothing is allocated.
 */
export function averagePool2d(
  x: Numbers,
  s: PoolShape,
  out: Float32Array,
  sums = new Float64Array(s.channels),
): void {
  const { channels, filterHeight, filterWidth, dilationHeight, dilationWidth } = s;
  for (let oy = 0, at = 0; oy < s.outHeight; oy++) {
    const top = oy * s.strideHeight - s.padTop;
    const firstRow = firstTap(top, filterHeight, dilationHeight);
    const endRow = endTap(top, firstRow, filterHeight, dilationHeight, s.inHeight);
    for (let ox = 0; ox < s.outWidth; ox++) {
      const left = ox * s.strideWidth - s.padLeft;
      const firstColumn = firstTap(left, filterWidth, dilationWidth);
      const endColumn = endTap(left, firstColumn, filterWidth, dilationWidth, s.inWidth);
      sums.fill(0);
      for (let ky = firstRow; ky < endRow; ky++) {
        const row = (top + ky * dilationHeight) * s.inWidth;
        for (let kx = firstColumn; kx < endColumn; kx++) {
          const pixel = (row + left + kx * dilationWidth) * channels;
          for (let c = 0; c < channels; c++) sums[c] += x[pixel + c];
        }
      }
      const count = (endRow - firstRow) * (endColumn - firstColumn);
      for (let c = 0; c < channels; c++) out[at++] = sums[c] / count;
    }
  }
}
