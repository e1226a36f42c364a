import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accuracy, f1, matthews, predictedClasses } from './agreement.js';

const binary = fc
  .integer({ min: 1, max: 60 })
  .chain((n) =>
    fc.tuple(
      fc.array(fc.integer({ min: 0, max: 1 }), { minLength: n, maxLength: n }),
      fc.array(fc.integer({ min: 0, max: 1 }), { minLength: n, maxLength: n }),
    ),
  );

const share = (list: readonly boolean[]) => list.filter(Boolean).length / list.length;

describe('known vectors', () => {
  // scikit-learn's documentation of matthews_corrcoef, -1 written as 0.
  it('of scikit-learn', () => {
    expect(matthews([1, 0, 1, 1], [1, 1, 1, 0])).toBeCloseTo(-1 / 3, 15);
  });

  it.each<[string, number[], number[], number, number, number]>([
    ['all right', [0, 1, 1, 0], [0, 1, 1, 0], 1, 1, 1],
    ['all wrong', [1, 0, 0, 1], [0, 1, 1, 0], 0, 0, -1],
    ['always 1', [1, 1, 1, 1], [0, 1, 1, 1], 0.75, 6 / 7, 0],
    ['always 0', [0, 0, 0, 0], [0, 1, 1, 1], 0.25, 0, 0],
    ['always 0, rightly', [0, 0], [0, 0], 1, 0, 0],
    ['always 1, rightly', [1, 1], [1, 1], 1, 1, 0],
    // TP 3, FP 1, FN 2, TN 4.
    [
      'mixed',
      [1, 1, 1, 0, 0, 1, 0, 0, 0, 0],
      [1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
      0.7,
      6 / 9,
      10 / Math.sqrt(4 * 5 * 5 * 6),
    ],
    ['one', [1], [1], 1, 1, 0],
  ])('%s', (_, predicted, labels, a, harmonic, correlation) => {
    expect(accuracy(predicted, labels)).toBe(a);
    expect(f1(predicted, labels)).toBeCloseTo(harmonic, 15);
    expect(matthews(predicted, labels)).toBeCloseTo(correlation, 15);
  });
});

describe('other formulas', () => {
  it('F1 is the harmonic mean of precision and recall', () => {
    fc.assert(
      fc.property(binary, ([predicted, labels]) => {
        const precision = share(labels.filter((_, i) => predicted[i] === 1).map((y) => y === 1));
        const recall = share(predicted.filter((_, i) => labels[i] === 1).map((y) => y === 1));
        const expected = 2 / (1 / precision + 1 / recall);
        expect(f1(predicted, labels)).toBeCloseTo(Number.isNaN(expected) ? 0 : expected, 12);
      }),
    );
  });

  it("Matthews' is Pearson's correlation of zeros and ones, by moments", () => {
    fc.assert(
      fc.property(binary, ([x, y]) => {
        const mean = (values: readonly number[]) =>
          values.reduce((a, b) => a + b, 0) / values.length;
        const [p, q] = [mean(x), mean(y)];
        const covariance = mean(x.map((value, i) => value * y[i])) - p * q;
        const expected = covariance / Math.sqrt(p * (1 - p) * q * (1 - q));
        const isDefined = ![0, 1].includes(p) && ![0, 1].includes(q);
        expect(matthews(x, y)).toBeCloseTo(isDefined ? expected : 0, 10);
      }),
    );
  });

  it('counts beyond 2^53 in their product are no matter', () => {
    const n = 400_000;
    const labels = Int32Array.from({ length: n }, (_, i) => i % 2);
    expect(matthews(labels, labels)).toBeCloseTo(1, 12);
  });
});

describe('classes of logits', () => {
  it('are the first largest', () => {
    expect([...predictedClasses([1, 2, 2, 3, 0, -1], 3)]).toEqual([1, 0]);
  });

  it('refuses what is not finite, and no whole rows', () => {
    expect(() => predictedClasses([1, Number.NaN], 2)).toThrow('logit 1 is NaN');
    expect(() => predictedClasses([1, 2, 3], 2)).toThrow(/no whole rows of 2 classes/);
  });
});

it('refuses lists of different lengths, none, and other classes', () => {
  expect(() => accuracy([1], [1, 0])).toThrow(/as many predictions as labels, .* got 1 and 2/);
  expect(() => f1([], [])).toThrow(/at least one/);
  expect(() => matthews([2], [1])).toThrow(/classes 0 and 1, got 2/);
});
