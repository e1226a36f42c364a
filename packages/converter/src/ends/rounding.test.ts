/** Rounding to int8, and how large numbers get, against formulas written here. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { int8Kernel, int8Of } from './int8-kernel.js';
import { ValueRange } from './value-range.js';

const f = Math.fround;
const float = fc.float({ noNaN: true, noDefaultInfinity: true });

describe('an int8 kernel', () => {
  it('has the nearest integers to w / scale, the largest of each filter being 127', () => {
    const filters = fc.integer({ min: 1, max: 5 });
    const numbers = fc.array(float, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(filters, numbers, (count, drawn) => {
        const values = Float32Array.from([...drawn, ...Array<number>(count).fill(0)]);
        const { integers, scale } = int8Kernel(values, count);
        for (let filter = 0; filter < count; filter++) {
          const own = [...values].filter((_, i) => i % count === filter);
          const largest = own.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
          expect(scale[filter]).toBe(f(largest / 127));
          if (scale[filter] === 0) continue;
          [...values].forEach((w, i) => {
            if (i % count !== filter) return;
            // No integer is nearer; a subnormal scale may ask for more than 127.
            const wanted = Math.min(127, Math.abs(w) / scale[filter]);
            expect(Math.abs(Math.abs(integers[i]) - wanted)).toBeLessThanOrEqual(0.5);
            expect(integers[i] * w).toBeGreaterThanOrEqual(0);
          });
        }
      }),
    );
  });

  it('of a filter of zeros is zeros, with a scale of 0', () => {
    const { integers, scale } = int8Kernel(Float32Array.of(0, 1, -0, -2), 2);
    expect([...integers]).toEqual([0, 64, 0, -127]);
    expect([...scale]).toEqual([0, f(2 / 127)]);
    // The smallest number of float32 has no 127th part.
    expect([...int8Kernel(Float32Array.of(2 ** -149), 1).integers]).toEqual([0]);
  });

  it('takes of two integers the even one', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49, -0.51, 300, -300].map(int8Of)).toEqual([
      0, 2, 2, 0, -2, -2, 0, -1, 127, -127,
    ]);
  });
});

describe('the range of numbers', () => {
  const limitOf = (values: Iterable<number>, percentile: number, batches = 1) => {
    const range = new ValueRange();
    const all = Float32Array.from(values);
    const size = Math.ceil(all.length / batches);
    for (let from = 0; from < all.length; from += size) {
      expect(range.add(all.subarray(from, from + size))).toBeUndefined();
    }
    return range.limit(percentile);
  };

  it('at 100 % is the largest size', () => {
    expect(limitOf([1, -3, 2], 100)).toBe(3);
    expect(limitOf([0, -0], 100)).toBe(0);
  });

  it('is the size of a rank, rounded up to 8 significant bits, in whatever batches it comes', () => {
    const percentile = fc.double({ min: 1, max: 99.99, noNaN: true });
    const values = fc.array(float, { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, percentile, fc.integer({ min: 1, max: 4 }), (given, share, batches) => {
        const sizes = Float32Array.from(given, Math.abs).sort();
        const rank = Math.max(1, Math.ceil((share / 100) * sizes.length));
        const exact = sizes[rank - 1];
        const limit = limitOf(given, share, batches);
        expect(limit).toBe(limitOf(given.toReversed(), share));
        expect(limit).toBeLessThanOrEqual(sizes[sizes.length - 1]);
        if (exact < 2 ** -126) return;
        expect(limit).toBeGreaterThanOrEqual(exact);
        expect(limit).toBeLessThanOrEqual(exact * (1 + 2 ** -7));
      }),
    );
  });

  it('is 0 where that share is zeros', () => {
    expect(limitOf([0, 0, 0, 5], 75)).toBe(0);
    expect(limitOf([0, 0, 0, 5], 76)).toBe(5);
  });

  it('finds what is not finite', () => {
    expect(new ValueRange().add(Float32Array.of(1, NaN, 2))).toBeNaN();
    expect(new ValueRange().add(Float32Array.of(1, -Infinity))).toBe(-Infinity);
  });
});
