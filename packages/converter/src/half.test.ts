import { halfValue } from '@surge-bnn/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halfBits } from './half.js';

/** All finite float16 numbers >= 0, in order: their bits are 0 to 0x7bff. */
const finite = Array.from({ length: 0x7c00 }, (_, bits) => halfValue(bits));

describe('float16', () => {
  it('writes every number that the runtime reads', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = halfValue(bits);
      if (!Number.isNaN(value)) expect(halfBits(value)).toBe(bits);
    }
  });

  it('rounds to the nearest, ties to even: between each two neighbours', () => {
    for (let bits = 0; bits + 1 < finite.length; bits++) {
      const [low, high] = [finite[bits], finite[bits + 1]];
      // Exact in float32: float16 neighbours are at most 11 bits long.
      const middle = (low + high) / 2;
      expect(halfBits(middle)).toBe(bits % 2 === 0 ? bits : bits + 1);
      const tiny = Math.max(middle * 2 ** -23, 2 ** -149);
      expect(halfBits(Math.fround(middle - tiny))).toBe(bits);
      expect(halfBits(Math.fround(middle + tiny))).toBe(bits + 1);
      expect(halfBits(-low)).toBe(bits | 0x8000);
    }
  });

  it('has no number from 65520 on', () => {
    expect(halfBits(65519)).toBe(0x7bff);
    expect(halfBits(65520)).toBe(0x7c00);
    expect(halfBits(-1e30)).toBe(0xfc00);
    expect(halfBits(1e-30)).toBe(0);
  });

  it('is nowhere further off than half a step', () => {
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const rounded = halfValue(halfBits(value));
        const step = Math.max(2 ** (Math.floor(Math.log2(Math.abs(value) || 1e-9)) - 10), 2 ** -24);
        return Math.abs(rounded - value) <= step / 2;
      }),
    );
  });
});
