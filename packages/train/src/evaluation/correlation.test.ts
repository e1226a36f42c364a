import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pearson, ranks, spearman } from './correlation.js';

const numbers = (values: fc.Arbitrary<number>) =>
  fc
    .integer({ min: 2, max: 40 })
    .chain((n) =>
      fc.tuple(
        fc.array(values, { minLength: n, maxLength: n }),
        fc.array(values, { minLength: n, maxLength: n }),
      ),
    );

const differ = (values: readonly number[]) => new Set(values).size > 1;

describe('Pearson', () => {
  it.each<[string, number[], number[], number]>([
    ['a line', [1, 2, 3], [10, 20, 30], 1],
    ['a falling line', [1, 2, 3], [3, 2, 1], -1],
    // Deviations -1.5 -0.5 0.5 1.5 and -0.5 -1.5 0.5 1.5: 4 / 5.
    ['four numbers', [1, 2, 3, 4], [2, 1, 3, 4], 0.8],
    // SciPy's documentation of pearsonr.
    ["SciPy's example", [1, 2, 3, 4, 5, 6, 7], [10, 9, 2.5, 6, 4, 3, 2], -0.828503883588428],
    ['constant predictions', [2, 2, 2], [1, 2, 3], 0],
    ['constant labels', [1, 2, 3], [0.1, 0.1, 0.1], 0],
    ['one pair', [1], [2], 0],
    ['far from zero', [1e9 + 1, 1e9 + 2, 1e9 + 3], [1, 2, 3], 1],
  ])('%s', (_, x, y, expected) => {
    expect(pearson(x, y)).toBeCloseTo(expected, 12);
  });

  it('is what pairs of pairs say: sums over all i, j of (xi - xj)(yi - yj)', () => {
    fc.assert(
      fc.property(numbers(fc.integer({ min: -50, max: 50 })), ([x, y]) => {
        let [both, ofX, ofY] = [0, 0, 0];
        for (let i = 0; i < x.length; i++) {
          for (let j = 0; j < i; j++) {
            both += (x[i] - x[j]) * (y[i] - y[j]);
            ofX += (x[i] - x[j]) ** 2;
            ofY += (y[i] - y[j]) ** 2;
          }
        }
        const expected = differ(x) && differ(y) ? both / Math.sqrt(ofX * ofY) : 0;
        expect(pearson(x, y)).toBeCloseTo(expected, 10);
        expect(Math.abs(pearson(x, y))).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('Spearman', () => {
  it('gives equal values the mean of their ranks', () => {
    expect([...ranks([10, 20, 20, 5, 20])]).toEqual([2, 4, 4, 1, 4]);
    expect([...ranks([3, 3])]).toEqual([1.5, 1.5]);
    expect([...ranks([-0, 0, 1])]).toEqual([1.5, 1.5, 3]);
  });

  it.each<[string, number[], number[], number]>([
    ['any rising curve', [1, 2, 3, 4], [1, 10, 100, 1e6], 1],
    // SciPy's documentation of spearmanr.
    ["SciPy's example with a tie", [1, 2, 3, 4, 5], [5, 6, 7, 8, 7], 0.8207826816681233],
    ['constant predictions', [2, 2, 2], [1, 2, 3], 0],
  ])('%s', (_, x, y, expected) => {
    expect(spearman(x, y)).toBeCloseTo(expected, 12);
  });

  it('without ties is 1 - 6 sum d^2 / (n (n^2 - 1))', () => {
    const orders = fc.integer({ min: 2, max: 30 }).chain((n) =>
      fc.shuffledSubarray(
        Array.from({ length: n }, (_, i) => i),
        { minLength: n },
      ),
    );
    fc.assert(
      fc.property(orders, (order) => {
        const n = order.length;
        const squares = order.reduce((sum, rank, i) => sum + (rank - i) ** 2, 0);
        const values = order.map((rank) => Math.exp(rank / 7));
        expect(spearman(values, Array.from(order.keys()))).toBeCloseTo(
          1 - (6 * squares) / (n * (n * n - 1)),
          10,
        );
      }),
    );
  });

  it('with ties ranks by counting: smaller ones, and half of the equal ones', () => {
    fc.assert(
      fc.property(numbers(fc.integer({ min: 0, max: 5 })), ([x]) => {
        const counted = x.map((value) => {
          const smaller = x.filter((other) => other < value).length;
          const equal = x.filter((other) => other === value).length;
          return smaller + (equal + 1) / 2;
        });
        expect([...ranks(x)]).toEqual(counted);
      }),
    );
  });
});

it.each([Number.NaN, Infinity])('refuses %s, by its place', (value) => {
  expect(() => pearson([1, value], [1, 2])).toThrow(`prediction 1 is ${value}`);
  expect(() => spearman([1, 2], [value, 2])).toThrow(`label 0 is ${value}`);
  expect(() => pearson([], [])).toThrow(/at least one/);
});
