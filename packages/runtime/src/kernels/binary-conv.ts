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
import { allInside } from './taps.js';

/** What the picture holds: signs, or {0, 1}. */
export type BinaryOperand = 'bits' | 'unsigned';

/** Bit rows of all filters in words, filter after filter. */
export type BinaryKernel = Uint32Array;

/** What sums need besides the bits of the kernel, from which it follows: nodes with one kernel may share it. */
export interface BinaryConvNumbers {
  /** The start of each filter's sum. */
  readonly starts: Int32Array;
  /** Sum of the weights of every tap, [taps, outChannels]; absent where no tap outside has to be taken off. */
  readonly tapSums: Int32Array | undefined;
  /** Scratch: words for the bits that a window sees of one group. */
  readonly seen: Uint32Array;
}

/**
 * A convolution on one picture: x [inHeight, inWidth] of words for inChannels, out [outHeight, outWidth, outChannels]. Calls
 * allocate nothing.
 *
 * @param kernel bits of filter f from word f * wordsFor(K) on.
 */
export function prepareBinaryConv2d(
  kernel: BinaryKernel,
  s: ConvShape,
  operand: BinaryOperand,
  padValue: PadValue,
  { starts, tapSums, seen } = numbersOf(kernel, s, operand, padValue),
): (x: Uint32Array, out: Int32Array) => void {
  const channels = s.inChannels / s.groups;
  const filters = s.outChannels / s.groups;
  const pixelWords = wordsFor(s.inChannels);
  const factor = operand === 'bits' ? -2 : 1;
  // Zeroed bits are +1, or 0 for unsigned; the other value has to be set.
  const setOutside = padValue === (operand === 'bits' ? -1 : 1);

  /** What the window that begins at [top, left] sees of one group, into `seen`. */
  function gather(x: Uint32Array, top: number, left: number, group: number): void {
    seen.fill(0);
    for (let ky = 0; ky < s.filterHeight; ky++) {
      const iy = top + ky * s.dilationHeight;
      const inside = iy >= 0 && iy < s.inHeight;
      for (let kx = 0; kx < s.filterWidth; kx++) {
        const ix = left + kx * s.dilationWidth;
        const to = (ky * s.filterWidth + kx) * channels;
        if (inside && ix >= 0 && ix < s.inWidth) {
          const pixel = (iy * s.inWidth + ix) * pixelWords;
          copyBits(x, pixel, group * channels, seen, 0, to, channels);
        } else if (setOutside) {
          setBits(seen, to, channels);
        }
      }
    }
  }

  /** Takes the weights' sums of all taps outside off the sums of one output. */
  function correct(sums: Int32Array, top: number, left: number, out: Int32Array, at: number): void {
    for (let ky = 0; ky < s.filterHeight; ky++) {
      const iy = top + ky * s.dilationHeight;
      const inside = iy >= 0 && iy < s.inHeight;
      for (let kx = 0; kx < s.filterWidth; kx++) {
        const ix = left + kx * s.dilationWidth;
        if (inside && ix >= 0 && ix < s.inWidth) continue;
        const tap = (ky * s.filterWidth + kx) * s.outChannels;
        for (let f = 0; f < s.outChannels; f++) out[at + f] -= sums[tap + f];
      }
    }
  }

  return (x, out) => {
    for (let oy = 0, at = 0; oy < s.outHeight; oy++) {
      const top = oy * s.strideHeight - s.padTop;
      const rowsInside = allInside(top, s.filterHeight, s.dilationHeight, s.inHeight);
      for (let ox = 0; ox < s.outWidth; ox++, at += s.outChannels) {
        const left = ox * s.strideWidth - s.padLeft;
        for (let group = 0; group < s.groups; group++) {
          gather(x, top, left, group);
          binarySums(seen, kernel, starts, factor, group * filters, filters, out, at);
        }
        if (tapSums === undefined) continue;
        if (rowsInside && allInside(left, s.filterWidth, s.dilationWidth, s.inWidth)) continue;
        correct(tapSums, top, left, out, at);
      }
    }
  };
}

/** Bits of one group that a window sees, K. */
export function bitsSeen(s: ConvShape): number {
  return (s.filterHeight * s.filterWidth * s.inChannels) / s.groups;
}

/** Whether taps outside were gathered as +1 and have to be taken off again. */
export function needsTapSums(operand: BinaryOperand, padValue: PadValue): boolean {
  return operand === 'bits' && padValue === 0;
}

function numbersOf(
  kernel: BinaryKernel,
  s: ConvShape,
  operand: BinaryOperand,
  padValue: PadValue,
): BinaryConvNumbers {
  return {
    starts: startsOf(kernel, s, operand),
    tapSums: needsTapSums(operand, padValue) ? sumsOfTaps(kernel, s) : undefined,
    seen: new Uint32Array(wordsFor(bitsSeen(s))),
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

/** The start of each filter's sum: K, or -popcount(w). */
export function startsOf(kernel: BinaryKernel, s: ConvShape, operand: BinaryOperand): Int32Array {
  const starts = new Int32Array(s.outChannels);
  if (operand === 'bits') return starts.fill(bitsSeen(s));
  const words = kernel.length / s.outChannels;
  for (let i = 0; i < kernel.length; i++) starts[Math.floor(i / words)] -= popcount(kernel[i]);
  return starts;
}

/** Sum of the weights of every tap, [taps, outChannels]: channels - 2 popcount(bits of the tap). */
export function sumsOfTaps(kernel: BinaryKernel, s: ConvShape): Int32Array {
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
