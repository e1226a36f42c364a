/** Functions of one number against independent formulas. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { affine, clip, prelu, relu, sigmoid, softmax, tanh } from './elementwise.js';
import { exp } from './exp.js';
import { halfValue } from './half.js';

describe('exp', () => {
  it('is Math.exp to 1e-15', () => {
    let worst = 0;
    for (let i = 0; i <= 200_000; i++) {
      const x = -708 + (i * 1417) / 200_000;
      worst = Math.max(worst, Math.abs(exp(x) / Math.exp(x) - 1));
    }
    fc.assert(
      fc.property(fc.double({ min: -708, max: 709, noNaN: true }), (x) => {
        worst = Math.max(worst, Math.abs(exp(x) / Math.exp(x) - 1));
      }),
    );
    expect(worst).toBeLessThan(1e-15);
  });

  it('has the right ends', () => {
    const ends = [0, -0, -Infinity, Infinity, NaN, -746, -745.2, 710, 1e300, -1e300];
    expect(ends.map(exp)).toEqual([1, 1, 0, Infinity, NaN, 0, 0, Infinity, Infinity, 0]);
    // Subnormal results, of few digits.
    for (const x of [-709, -720, -740, -744.4]) {
      expect(Math.abs(exp(x) - Math.exp(x))).toBeLessThanOrEqual(2 ** -1074);
    }
    expect(exp(709.7)).toBeLessThan(Infinity);
  });

  it('rises', () => {
    fc.assert(
      fc.property(fc.double({ min: -740, max: 700, noNaN: true }), (x) => {
        expect(exp(x + 1e-3)).toBeGreaterThanOrEqual(exp(x));
      }),
    );
  });
});

describe('halfValue', () => {
  it('is what the 65,536 float16 numbers are', () => {
    const view = new DataView(new ArrayBuffer(4));
    /** By way of the bits of a float32: the exponent's bias is 127 instead of 15, the fraction has 13 bits more. */
    const expected = (bits: number) => {
      const sign = (bits & 0x8000) << 16;
      const exponent = (bits & 0x7c00) >> 10;
      const fraction = bits & 0x03ff;
      if (exponent === 0) {
        const size = parseFloat(`${fraction}e0`) / 16777216;
        return sign === 0 ? size : -size;
      }
      const shifted = exponent === 31 ? 255 : exponent + 112;
      view.setInt32(0, sign | (shifted << 23) | (fraction << 13));
      return view.getFloat32(0);
    };
    let wrong = 0;
    for (let bits = 0; bits < 0x10000; bits++) {
      if (!Object.is(halfValue(bits), expected(bits))) wrong += 1;
    }
    expect(wrong).toBe(0);
    expect([0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00].map(halfValue)).toEqual([
      1,
      -2,
      65504,
      2 ** -24,
      Infinity,
    ]);
  });
});

describe('functions of one number', () => {
  const float = fc.float({ noNaN: true, noDefaultInfinity: true });
  const f = Math.fround;

  it('affine rounds after each operation', () => {
    fc.assert(
      fc.property(float, float, float, (x, a, b) => {
        expect(affine(x, a, b)).toBe(f(f(a * x) + b));
        expect(affine(x, a, undefined)).toBe(f(a * x));
        expect(affine(x, undefined, b)).toBe(f(x + b));
      }),
    );
    // Where a fused multiply-add would give 2^-24.
    expect(affine(1 + 2 ** -12, 1 + 2 ** -12, -(1 + 2 ** -11))).toBe(0);
  });

  it('relu, clip and prelu', () => {
    expect([-1, -0, 0, 2, -Infinity, Infinity, NaN].map(relu)).toEqual([
      0,
      0,
      0,
      2,
      0,
      Infinity,
      NaN,
    ]);
    expect([-3, -1, -0, 5, 6, 7, NaN].map((x) => clip(x, -1, 6))).toEqual([
      -1,
      -1,
      -0,
      5,
      6,
      6,
      NaN,
    ]);
    expect([-2, -0, 0, 3, NaN].map((x) => prelu(x, 0.25))).toEqual([-0.5, -0, 0, 3, NaN]);
    expect(prelu(-1, f(0.1))).toBe(-f(0.1));
  });

  it('sigmoid and tanh are those of f64, rounded once', () => {
    fc.assert(
      fc.property(fc.float({ min: -20, max: 20, noNaN: true }), (x) => {
        expect(Math.abs(sigmoid(x) - 1 / (1 + Math.exp(-x)))).toBeLessThanOrEqual(2 ** -25);
        const exact = Math.tanh(x);
        expect(Math.abs(tanh(x) - exact)).toBeLessThanOrEqual(Math.abs(exact) * 2 ** -23.9);
        expect(tanh(-x) + tanh(x)).toBe(0);
      }),
    );
    expect([-Infinity, -200, 0, 200, Infinity].map(sigmoid)).toEqual([0, 0, 0.5, 1, 1]);
    expect([-Infinity, 0, f(1e-40), Infinity].map(tanh)).toEqual([-1, 0, f(1e-40), 1]);
    // By the formula for small numbers: -0 - -0.
    expect(tanh(-0)).toBe(0);
    expect([sigmoid(NaN), tanh(NaN)]).toEqual([NaN, NaN]);
  });

  it('softmax', () => {
    const rows = fc.array(fc.float({ min: -90, max: 90, noNaN: true }), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(rows, (row) => {
        const out = new Float32Array(row.length + 2);
        softmax([7, ...row, 7], 1, row.length, out);
        const largest = Math.max(...row);
        const terms = row.map((x) => Math.exp(x - largest));
        const sum = terms.reduce((a, b) => a + b, 0);
        row.forEach((_, i) => {
          const exact = terms[i] / sum;
          expect(Math.abs(out[i + 1] - exact)).toBeLessThanOrEqual(exact * 2 ** -23 + 2 ** -149);
        });
        expect([out[0], out[row.length + 1]]).toEqual([0, 0]);
      }),
    );
  });
});
