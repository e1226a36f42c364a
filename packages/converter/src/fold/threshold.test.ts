import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChainLink, ChannelThreshold } from './threshold.js';
import { channelThreshold } from './threshold.js';

const f = Math.fround;
const affine = (a: number, b: number): ChainLink => ({
  kind: 'element',
  f: (x) => f(f(a * x) + b),
});
const prelu = (alpha: number): ChainLink => ({
  kind: 'element',
  f: (x) => (x < 0 ? f(alpha * x) : x),
});
const maxPool: ChainLink = { kind: 'maxPool' };

const sign = ({ threshold, flip }: ChannelThreshold, d: number) => d >= threshold !== flip;

/** The chain's own sign, without thresholds; `sums` are pooled where a pool stands. */
function signOfChain(chain: readonly ChainLink[], sums: readonly number[]): boolean {
  let values = [...sums];
  for (const link of chain) {
    values = link.kind === 'maxPool' ? [Math.max(...values)] : values.map((x) => link.f(x, 0));
  }
  return !(values[0] < 0);
}

const coefficient = fc.float({ min: -100, max: 100, noNaN: true });

describe('threshold of a channel', () => {
  it('is 0 for the plain sign: the sign of 0 is +1', () => {
    expect(channelThreshold([], 3, 0)).toEqual({ threshold: 0, flip: false, poolMinimum: [] });
  });

  it('turns with a falling batch norm', () => {
    // -d + 1 >= 0 iff d <= 1 iff not d >= 2.
    expect(channelThreshold([affine(-1, 1)], 5, 0)).toEqual({
      threshold: 2,
      flip: true,
      poolMinimum: [],
    });
  });

  it('lies outside the sums where the sign never changes', () => {
    expect(channelThreshold([affine(1, 9)], 5, 0)).toMatchObject({ threshold: -5, flip: false });
    expect(channelThreshold([affine(1, -9)], 5, 0)).toMatchObject({ threshold: 6, flip: false });
    expect(channelThreshold([affine(0, -1)], 5, 0)).toMatchObject({ threshold: 6, flip: false });
  });

  it('is not there for an activation that falls and rises', () => {
    const chain = [affine(1, 0), prelu(-1), affine(1, -2)];
    expect(channelThreshold(chain, 5, 0)).toBe('not monotone');
    // On [-1, 1] the same chain never reaches 0: there it has one.
    expect(channelThreshold(chain, 1, 0)).toMatchObject({ threshold: 2, flip: false });
  });

  it('is not there where a number stops being one', () => {
    const chain = [affine(1e38, 0), affine(1e38, 0), affine(0, 0)];
    expect(channelThreshold(chain, 5, 0)).toBe('not a number');
  });

  it('rounds as float32 does, also where float64 would see the other sign', () => {
    const [a, b] = [f(0.1), f(-0.3)];
    const chain = [affine(a, b)];
    expect(f(f(a * 3) + b) < 0).not.toBe(a * 3 + b < 0);
    const found = channelThreshold(chain, 10, 0);
    if (typeof found === 'string') throw new Error(found);
    for (let d = -10; d <= 10; d++) expect(sign(found, d)).toBe(!(f(f(a * d) + b) < 0));
  });

  it('agrees with the chain on every sum', () => {
    const alpha = fc.float({ min: 0, max: 2, noNaN: true });
    fc.assert(
      fc.property(
        coefficient,
        coefficient,
        alpha,
        coefficient,
        coefficient,
        fc.integer({ min: 1, max: 130 }),
        (a, b, slope, a2, b2, largest) => {
          const chain = [affine(a, b), prelu(slope), affine(a2, b2)];
          const found = channelThreshold(chain, largest, 0);
          if (typeof found === 'string') throw new Error(found);
          for (let d = -largest; d <= largest; d++) {
            expect(sign(found, d)).toBe(signOfChain(chain, [d]));
          }
        },
      ),
    );
  });

  it('lets max pools work on signs', () => {
    const sums = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(coefficient, coefficient, coefficient, coefficient, sums, (a, b, a2, b2, ds) => {
        const chain = [affine(a, b), maxPool, affine(a2, b2)];
        const found = channelThreshold(chain, 20, 0);
        if (typeof found === 'string') throw new Error(found);
        const signs = ds.map((d) => sign(found, d));
        const pooled = found.poolMinimum[0] ? signs.every(Boolean) : signs.some(Boolean);
        expect(pooled).toBe(signOfChain(chain, ds));
      }),
    );
  });

  it('refuses a pool behind which the sign falls and rises', () => {
    // d -> max -> |d| - 2: for the maximum of {-3, 0} the sign is -1, although both directions occur.
    const chain = [maxPool, prelu(-1), affine(1, -2)];
    expect(channelThreshold(chain, 5, 0)).toBe('not monotone');
  });
});
