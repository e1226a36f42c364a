/** The largest of what a window sees; what lies outside the picture takes no part, and each window has to see something. */
import { wordsFor } from './bits.js';
import type { Numbers, PoolShape } from './float-conv.js';
import { endTap, firstTap } from './taps.js';

/** On numbers: the first of the largest in row-major order (of two zeros the first one), NaN where the window sees one. */
export function maxPool2d(x: Numbers, s: PoolShape, out: Numbers): void {
  const { channels, filterHeight, filterWidth, dilationHeight, dilationWidth } = s;
  const lowest = out instanceof Int32Array ? -(2 ** 31) : -Infinity;
  for (let oy = 0, at = 0; oy < s.outHeight; oy++) {
    const top = oy * s.strideHeight - s.padTop;
    const firstRow = firstTap(top, filterHeight, dilationHeight);
    const endRow = endTap(top, firstRow, filterHeight, dilationHeight, s.inHeight);
    for (let ox = 0; ox < s.outWidth; ox++, at += channels) {
      const left = ox * s.strideWidth - s.padLeft;
      const firstColumn = firstTap(left, filterWidth, dilationWidth);
      const endColumn = endTap(left, firstColumn, filterWidth, dilationWidth, s.inWidth);
      out.fill(lowest, at, at + channels);
      for (let ky = firstRow; ky < endRow; ky++) {
        const row = (top + ky * dilationHeight) * s.inWidth;
        for (let kx = firstColumn; kx < endColumn; kx++) {
          const pixel = (row + left + kx * dilationWidth) * channels;
          for (let c = 0; c < channels; c++) {
            const value = x[pixel + c];
            if (value > out[at + c] || value !== value) out[at + c] = value;
          }
        }
      }
    }
  }
}

/**
 * On bits, 1 for -1: the largest sign is -1 only where all are, so it is their AND. Because the sign of the largest number is
 * the largest sign, a pool before a sign may stand behind it. Behind a function that falls, the largest number has
 * the smallest sign: in flipped channels the minimum is taken, -max(-x). So those bits are inverted before and after.
 *
 * @param flips words of one position; bit c for channel c, padding 0.
 */
export function maxPoolBits(
  x: Uint32Array,
  s: PoolShape,
  flips: Uint32Array,
  out: Uint32Array,
): void {
  const { filterHeight, filterWidth, dilationHeight, dilationWidth } = s;
  const words = wordsFor(s.channels);
  for (let oy = 0, at = 0; oy < s.outHeight; oy++) {
    const top = oy * s.strideHeight - s.padTop;
    const firstRow = firstTap(top, filterHeight, dilationHeight);
    const endRow = endTap(top, firstRow, filterHeight, dilationHeight, s.inHeight);
    for (let ox = 0; ox < s.outWidth; ox++, at += words) {
      const left = ox * s.strideWidth - s.padLeft;
      const firstColumn = firstTap(left, filterWidth, dilationWidth);
      const endColumn = endTap(left, firstColumn, filterWidth, dilationWidth, s.inWidth);
      out.fill(0xffffffff, at, at + words);
      for (let ky = firstRow; ky < endRow; ky++) {
        const row = (top + ky * dilationHeight) * s.inWidth;
        for (let kx = firstColumn; kx < endColumn; kx++) {
          const pixel = (row + left + kx * dilationWidth) * words;
          for (let i = 0; i < words; i++) out[at + i] &= x[pixel + i] ^ flips[i];
        }
      }
      for (let i = 0; i < words; i++) out[at + i] ^= flips[i];
    }
  }
}
