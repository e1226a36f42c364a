/**
 * Binary convolution on bits. A filter sees K = taps * channels of its group products; its weights w are signs, bit 1 is -1.
 * What it sees of the picture is first gathered into a dense row of K bits, in the order of the weights in the file;
 * then one count for each filter, n = popcount(x ^ w), gives its sum d:
 *
 * - Signs (bit 1 is -1): a product is +1 where the bits are equal and -1 where they differ, so d = K - 2 n.
 * - Unsigned x in {0, 1}: d = popcount(x) - 2 popcount(x & w), as the products are 0 where x is 0. Because
 *   popcount(x & w) = (popcount(x) + popcount(w) - n) / 2, that is d = n - popcount(w).
 *
 * Both are d = start + factor * n with a start that does not depend on x. Padding bits of the last word are 0 in x and
 * in w, and count nothing.
 *
 * Outside the picture stands padValue: +1 and -1 (0 and 1 for unsigned) are bits like any other. A sign can not be 0, so
 * with padValue 0 those taps are gathered as +1, whose products are the weights themselves, and the sum of the weights of
 * each such tap is taken off again. At a border with m products left d lies in [-m, m] and has the parity of m, not of K.
 */
import type { PadValue } from '../graph.js';
import { copyBits, popcount, popcount3, setBits, wordsFor } from './bits.js';
import type { ConvShape } from './float-conv.js';
import { columnTaps, rowTaps } from './taps.js';

/** Bit rows of all filters in words, filter after filter. */
export type BinaryKernel = Uint32Array;

/**
 * A convolution on one picture: x [inHeight, inWidth] of words for inChannels, out [outHeight, outWidth, outChannels]. What
 * it needs is made here, so that calls allocate nothing.
 *
 * @param kernel bits of filter f from word f * wordsFor(K) on.
 */
export function prepareBinaryConv2d(
  kernel: BinaryKernel,
  s: ConvShape,
  operand: 'bits' | 'unsigned',
  padValue: PadValue,
): (x: Uint32Array, out: Int32Array) => void {
  const rows = rowTaps(s);
  const columns = columnTaps(s);
  const taps = s.filterHeight * s.filterWidth;
  const channels = s.inChannels / s.groups;
  const filters = s.outChannels / s.groups;
  const bits = taps * channels;
  const pixelWords = wordsFor(s.inChannels);
  const seen = new Uint32Array(wordsFor(bits));
  const factor = operand === 'bits' ? -2 : 1;
  const start = operand === 'bits' ? new Int32Array(s.outChannels).fill(bits) : negative(kernel, s);
  // Zeroed bits are +1, or 0 for unsigned; the other value has to be set.
  const setOutside = padValue === (operand === 'bits' ? -1 : 1);
  const tapSums = operand === 'bits' && padValue === 0 ? sumsOfTaps(kernel, s) : undefined;

  /** What the window at this output sees of one group, into `seen`. */
  function gather(x: Uint32Array, oy: number, ox: number, group: number): void {
    seen.fill(0);
    const firstColumn = columns.first[ox];
    const endColumn = columns.end[ox];
    for (let ky = 0; ky < s.filterHeight; ky++) {
      const inside = ky >= rows.first[oy] && ky < rows.end[oy];
      const iy = oy * s.strideHeight + ky * s.dilationHeight - s.padTop;
      for (let kx = 0; kx < s.filterWidth; kx++) {
        const to = (ky * s.filterWidth + kx) * channels;
        if (inside && kx >= firstColumn && kx < endColumn) {
          const ix = ox * s.strideWidth + kx * s.dilationWidth - s.padLeft;
          const pixel = (iy * s.inWidth + ix) * pixelWords;
          copyBits(x, pixel, group * channels, seen, 0, to, channels);
        } else if (setOutside) {
          setBits(seen, to, channels);
        }
      }
    }
  }

  /** Takes the weights' sums of all taps outside off the sums of one output. */
  function correct(sums: Int32Array, oy: number, ox: number, out: Int32Array, at: number): void {
    for (let ky = 0; ky < s.filterHeight; ky++) {
      const inside = ky >= rows.first[oy] && ky < rows.end[oy];
      for (let kx = 0; kx < s.filterWidth; kx++) {
        if (inside && kx >= columns.first[ox] && kx < columns.end[ox]) continue;
        const tap = (ky * s.filterWidth + kx) * s.outChannels;
        for (let f = 0; f < s.outChannels; f++) out[at + f] -= sums[tap + f];
      }
    }
  }

  return (x, out) => {
    for (let oy = 0, at = 0; oy < s.outHeight; oy++) {
      const rowsInside = rows.end[oy] - rows.first[oy];
      for (let ox = 0; ox < s.outWidth; ox++, at += s.outChannels) {
        for (let group = 0; group < s.groups; group++) {
          gather(x, oy, ox, group);
          binarySums(seen, kernel, start, factor, group * filters, filters, out, at);
        }
        const tapsInside = rowsInside * (columns.end[ox] - columns.first[ox]);
        if (tapSums !== undefined && tapsInside < taps) correct(tapSums, oy, ox, out, at);
      }
    }
  };
}

/** out[at + f] = start[f] + factor * popcount(seen ^ weights of f), for `count` filters from `first` on. */
function binarySums(
  seen: Uint32Array,
  kernel: BinaryKernel,
  start: Int32Array,
  factor: number,
  first: number,
  count: number,
  out: Int32Array,
  at: number,
): void {
  const words = seen.length;
  const inThrees = words - (words % 3);
  let row = first * words;
  for (let f = first; f < first + count; f++, row += words) {
    let n = 0;
    let i = 0;
    for (; i < inThrees; i += 3) {
      n += popcount3(
        seen[i] ^ kernel[row + i],
        seen[i + 1] ^ kernel[row + i + 1],
        seen[i + 2] ^ kernel[row + i + 2],
      );
    }
    for (; i < words; i++) n += popcount(seen[i] ^ kernel[row + i]);
    out[at + f] = start[f] + factor * n;
  }
}

/** -popcount(w) of each filter. */
function negative(kernel: BinaryKernel, { outChannels }: ConvShape): Int32Array {
  const words = kernel.length / outChannels;
  const counts = new Int32Array(outChannels);
  for (let i = 0; i < kernel.length; i++) counts[Math.floor(i / words)] -= popcount(kernel[i]);
  return counts;
}

/** Sum of the weights of every tap, [taps, outChannels]: channels - 2 popcount(bits of the tap). */
function sumsOfTaps(kernel: BinaryKernel, s: ConvShape): Int32Array {
  const taps = s.filterHeight * s.filterWidth;
  const channels = s.inChannels / s.groups;
  const words = kernel.length / s.outChannels;
  const tapBits = new Uint32Array(wordsFor(channels));
  const sums = new Int32Array(taps * s.outChannels);
  for (let f = 0; f < s.outChannels; f++) {
    for (let tap = 0; tap < taps; tap++) {
      tapBits.fill(0);
      copyBits(kernel, f * words, tap * channels, tapBits, 0, 0, channels);
      const negatives = tapBits.reduce((count, word) => count + popcount(word), 0);
      sums[tap * s.outChannels + f] = channels - 2 * negatives;
    }
  }
  return sums;
}
