/** The largest of what a window sees; what lies outside the picture takes no part, and each window has to see something. */
import { wordsFor } from './bits.js';
import type { Numbers, PoolShape } from './float-conv.js';
import { columnTaps, rowTaps } from './taps.js';

/** On numbers: the first of the largest in row-major order (of two zeros the first one), NaN where the window sees one. */
export function prepareMaxPool2d(s: PoolShape): (x: Numbers, out: Numbers) => void {
  const { channels } = s;
  const rows = rowTaps(s);
  const columns = columnTaps(s);
  return (x, out) => {
    const lowest = out instanceof Int32Array ? -(2 ** 31) : -Infinity;
    for (let oy = 0, at = 0; oy < s.outHeight; oy++) {
      for (let ox = 0; ox < s.outWidth; ox++, at += channels) {
        out.fill(lowest, at, at + channels);
        for (let ky = rows.first[oy]; ky < rows.end[oy]; ky++) {
          const iy = oy * s.strideHeight + ky * s.dilationHeight - s.padTop;
          for (let kx = columns.first[ox]; kx < columns.end[ox]; kx++) {
            const ix = ox * s.strideWidth + kx * s.dilationWidth - s.padLeft;
            const pixel = (iy * s.inWidth + ix) * channels;
            for (let c = 0; c < channels; c++) {
              const value = x[pixel + c];
              if (value > out[at + c] || value !== value) out[at + c] = value;
            }
          }
        }
      }
    }
  };
}

/**
 * On bits, 1 for -1: the largest sign is -1 only where all are, so it is their AND. Because the sign of the largest number is
 * the largest sign, a pool before a sign may stand behind it. Behind a function that falls, the largest number has
 * the smallest sign: in flipped channels the minimum is taken, -max(-x). So those bits are inverted before and after.
 *
 * @param flips words of one position; bit c for channel c, padding 0.
 */
export function prepareMaxPoolBits(
  s: PoolShape,
  flips: Uint32Array,
): (x: Uint32Array, out: Uint32Array) => void {
  const words = wordsFor(s.channels);
  const rows = rowTaps(s);
  const columns = columnTaps(s);
  return (x, out) => {
    for (let oy = 0, at = 0; oy < s.outHeight; oy++) {
      for (let ox = 0; ox < s.outWidth; ox++, at += words) {
        out.fill(0xffffffff, at, at + words);
        for (let ky = rows.first[oy]; ky < rows.end[oy]; ky++) {
          const iy = oy * s.strideHeight + ky * s.dilationHeight - s.padTop;
          for (let kx = columns.first[ox]; kx < columns.end[ox]; kx++) {
            const ix = ox * s.strideWidth + kx * s.dilationWidth - s.padLeft;
            const pixel = (iy * s.inWidth + ix) * words;
            for (let i = 0; i < words; i++) out[at + i] &= x[pixel + i] ^ flips[i];
          }
        }
        for (let i = 0; i < words; i++) out[at + i] ^= flips[i];
      }
    }
  };
}
