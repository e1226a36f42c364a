import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { randomStream, RandomStream } from './random.js';

const draws = (stream: RandomStream, n: number) =>
  Array.from({ length: n }, () => stream.nextUint32());
const seeds = fc.double({ noNaN: true, noDefaultInfinity: true });

/** xoshiro128** as its authors write it, in 32-bit arithmetic of big integers. */
function* reference(state: bigint[]): Generator<number> {
  const mask = 0xffffffffn;
  const rotl = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & mask;
  const s = [...state];
  for (;;) {
    const result = (rotl((s[1] * 5n) & mask, 7n) * 9n) & mask;
    const t = (s[1] << 9n) & mask;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11n);
    yield Number(result);
  }
}

describe('RandomStream', () => {
  it('is xoshiro128**', () => {
    const word = fc.integer({ min: 1, max: 0xffffffff });
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), (state) => {
        const wanted = reference(state.map(BigInt));
        const stream = new RandomStream(state);
        for (let i = 0; i < 20; i++) expect(stream.nextUint32()).toBe(wanted.next().value);
      }),
    );
  });

  it('refuses the all-zero state', () => {
    expect(() => new RandomStream([0, 0, 0, 0])).toThrow(InputError);
  });

  it('permutes', () => {
    fc.assert(
      fc.property(seeds, fc.nat(300), (seed, n) => {
        const sorted = [...randomStream(seed, 'test').permutation(n)].sort((a, b) => a - b);
        expect(sorted).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  it('gives every permutation of three its share', () => {
    const counts = new Map<string, number>();
    const stream = randomStream(1, 'test');
    for (let i = 0; i < 6000; i++) {
      const key = stream.permutation(3).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // 1000 expected, standard deviation 29.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('keeps uniform() in [0, 1) and integer(n) in 0 .. n - 1', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 2 ** 32 }), (seed, n) => {
        const stream = randomStream(seed, 'test', n);
        const u = stream.uniform();
        const k = stream.integer(n);
        return u >= 0 && u < 1 && Number.isInteger(k) && k >= 0 && k < n;
      }),
    );
  });

  it('draws uniform and normal numbers with the right moments', () => {
    const n = 50_000;
    const moments = (draw: () => number) => {
      const values = Array.from({ length: n }, draw);
      const mean = values.reduce((a, b) => a + b) / n;
      return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / n };
    };
    const stream = randomStream(2, 'moments');
    const uniform = moments(() => stream.uniform());
    expect(uniform.mean).toBeCloseTo(0.5, 1.9);
    expect(uniform.variance).toBeCloseTo(1 / 12, 2);
    const normal = moments(() => stream.normal());
    expect(Math.abs(normal.mean)).toBeLessThan(0.02);
    expect(Math.abs(normal.variance - 1)).toBeLessThan(0.03);
  });

  it.each([0, -1, 1.5, NaN, 2 ** 32 + 1])('refuses integer(%s)', (n) => {
    expect(() => randomStream(1, 'test').integer(n)).toThrow(/integer n in 1 \.\. 2\^32/);
  });

  it.each([-1, 0.5, 2 ** 31])('refuses permutation(%s)', (n) => {
    expect(() => randomStream(1, 'test').permutation(n)).toThrow(InputError);
  });
});

describe('randomStream', () => {
  it('gives the same numbers for the same arguments', () => {
    fc.assert(
      fc.property(seeds, fc.string(), fc.array(seeds), (seed, purpose, numbers) => {
        expect(draws(randomStream(seed, purpose, ...numbers), 8)).toEqual(
          draws(randomStream(seed, purpose, ...numbers), 8),
        );
      }),
    );
  });

  it('gives other numbers for any other argument', () => {
    const args = fc.tuple(seeds, fc.string(), fc.array(seeds, { maxLength: 3 }));
    const key = ([seed, purpose, numbers]: [number, string, number[]]) =>
      JSON.stringify([seed + 0, purpose, numbers.map((value) => value + 0)]);
    fc.assert(
      fc.property(args, args, (one, other) => {
        fc.pre(key(one) !== key(other));
        expect(draws(randomStream(one[0], one[1], ...one[2]), 4)).not.toEqual(
          draws(randomStream(other[0], other[1], ...other[2]), 4),
        );
      }),
    );
  });

  it('gives unrelated numbers for neighbouring seeds and epochs', () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 100; seed++) {
      for (let epoch = 0; epoch < 100; epoch++) {
        seen.add(randomStream(seed, 'order', epoch).nextUint32());
      }
    }
    // 10,000 draws of 2^32: more than two collisions would be a surprise.
    expect(seen.size).toBeGreaterThanOrEqual(9998);
  });

  it('keeps its bits: runs of last year must repeat', () => {
    expect(draws(randomStream(7, 'order', 3), 4)).toEqual([
      1346580799, 1679147914, 3497603118, 3568850398,
    ]);
    expect([...randomStream(1, 'order', 0).permutation(8)]).toEqual([0, 6, 5, 1, 4, 2, 7, 3]);
  });

  it('takes 0 and -0 for one seed and refuses what is no number', () => {
    expect(draws(randomStream(-0, 'a'), 2)).toEqual(draws(randomStream(0, 'a'), 2));
    expect(() => randomStream(NaN, 'a')).toThrow(/finite/);
    expect(() => randomStream(1, 'a', Infinity)).toThrow(InputError);
  });
});
