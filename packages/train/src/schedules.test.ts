import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastValue, progressAt, schedule } from './schedules.js';

describe('schedules', () => {
  it.each([
    [3, 0.7, 3],
    [{ type: 'constant', value: 2 }, 0.2, 2],
    [{ type: 'linear', from: 1, to: 3 }, 0.25, 1.5],
    [{ type: 'cosine', from: 1, to: 0 }, 0, 1],
    [{ type: 'cosine', from: 1, to: 0 }, 0.5, 0.5],
    [{ type: 'cosine', from: 3, to: 1 }, 1 / 3, 2.5],
    [{ type: 'step', from: 8, at: [0.5, 0.75], factor: 0.5 }, 0.49, 8],
    [{ type: 'step', from: 8, at: [0.5, 0.75], factor: 0.5 }, 0.5, 4],
    [{ type: 'step', from: 8, at: [0.5, 0.75], factor: 0.5 }, 0.9, 2],
    [{ type: 'exponential', from: 100, to: 1 }, 0.5, 10],
    [{ type: 'warmup', over: 0.2, from: 0, then: 5 }, 0.1, 2.5],
    [{ type: 'warmup', over: 0.2, from: 1, then: { type: 'linear', from: 4, to: 0 } }, 0.6, 2],
  ] as const)('%j at %f is %f', (spec, p, value) => {
    expect(schedule(spec)(p)).toBeCloseTo(value, 12);
  });

  it('refuses what has no meaning', () => {
    expect(() => schedule({ type: 'exponential', from: 1, to: 0 })).toThrow('from > 0 and to > 0');
    expect(() => schedule({ type: 'warmup', over: 1, from: 0, then: 1 })).toThrow('over = 1');
  });

  it('stays between its ends', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('linear' as const, 'cosine' as const, 'exponential' as const),
        fc.double({ min: 0.01, max: 10, noNaN: true }),
        fc.double({ min: 0.01, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (type, from, to, p) => {
          const value = schedule({ type, from, to })(p);
          expect(value).toBeGreaterThanOrEqual(Math.min(from, to) - 1e-9);
          expect(value).toBeLessThanOrEqual(Math.max(from, to) + 1e-9);
        },
      ),
    );
  });

  it.each([
    [-2, -2],
    [{ type: 'constant', value: 3 }, 3],
    [{ type: 'cosine', from: 1, to: -4 }, -4],
    [{ type: 'step', from: 8, at: [0.5, 0.75], factor: 0.5 }, 2],
    [{ type: 'step', from: -1, at: [0.5], factor: 0.5 }, -1],
    [{ type: 'warmup', over: 0.5, from: 1, then: { type: 'linear', from: 2, to: -3 } }, -3],
  ] as const)('the least value of %j is %f', (spec, expected) => {
    expect(leastValue(spec)).toBe(expected);
    const values = Array.from({ length: 101 }, (_, i) => schedule(spec)(i / 100));
    expect(Math.min(...values)).toBeCloseTo(expected, 9);
  });

  it('progress counts steps, or whole epochs', () => {
    expect(progressAt(15, 10, 4, false)).toBe(15 / 40);
    expect(progressAt(15, 10, 4, true)).toBe(10 / 40);
    expect(progressAt(0, 10, 4, false)).toBe(0);
  });
});
