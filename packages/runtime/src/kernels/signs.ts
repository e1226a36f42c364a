/**
 * Numbers to signs. Bits: 0 is +1 and 1 is -1; unsigned: 1 where the sign is +1, else 0. One position (all axes but the last)
 * at a time, because each begins with a new word.
 */
import { usedBits, wordsFor } from './bits.js';
import type { Numbers } from './float-conv.js';

/**
 * Bit 1 where x < 0; both zeros are +1.
 * @returns the index of a NaN, which has no sign, or -1.
 */
export function signBits(x: Numbers, channels: number, out: Uint32Array): number {
  const words = wordsFor(channels);
  let at = 0;
  for (let word = 0; word < out.length; word++) {
    const count = Math.min(32, channels - 32 * (word % words));
    let bits = 0;
    for (let i = 0; i < count; i++, at++) {
      const value = x[at];
      // Not a branch: signs are as random as can be, and a wrong guess costs more than all the rest.
      bits |= Number(value < 0) << i;
      if (value !== value) return at;
    }
    out[word] = bits;
  }
  return -1;
}

/**
 * Bit 1 where x >= 0.
 * @returns as signBits.
 */
export function signUnsigned(x: Numbers, channels: number, out: Uint32Array): number {
  const nan = signBits(x, channels, out);
  const words = wordsFor(channels);
  for (let word = 0; word < out.length; word++) {
    out[word] = ~out[word] & usedBits(channels, word % words);
  }
  return nan;
}

/**
 * 1 and -1 as floats.
 * @returns as signBits.
 */
export function signFloats(x: Numbers, out: Float32Array): number {
  for (let i = 0; i < x.length; i++) {
    const value = x[i];
    if (value !== value) return i;
    out[i] = value < 0 ? -1 : 1;
  }
  return -1;
}

/**
 * The sign is +1 iff (d >= t) != flip, per channel. With the bits of d < t in a word, that is
 *
 *     bits:     1 iff the sign is -1 iff (d < t) != flip      below ^ flips
 *     unsigned: 1 iff the sign is +1                          its complement, without the padding
 *
 * @param flips words of one row; its padding is 0.
 * @param complement all ones for unsigned, else 0.
 */
export function thresholdBits(
  d: Int32Array,
  thresholds: Int32Array,
  flips: Uint32Array,
  complement: number,
  out: Uint32Array,
): void {
  const channels = thresholds.length;
  const words = flips.length;
  let at = 0;
  for (let row = 0; row < out.length; row += words) {
    for (let word = 0; word < words; word++) {
      const first = 32 * word;
      const count = Math.min(32, channels - first);
      let below = 0;
      for (let i = 0; i < count; i++, at++) {
        below |= Number(d[at] < thresholds[first + i]) << i;
      }
      out[row + word] = below ^ flips[word] ^ (complement & usedBits(channels, word));
    }
  }
}
