/** Signs, thresholds and pools of bits, each against what the words mean. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  flagTensor,
  floatTensor,
  integerTensor,
  randomNumbers,
  readOut,
  sourceOf,
  squareWindow,
} from '../execute/graph.fixture.js';
import type { Draft } from '../execute/graph.fixture.js';
import { everyModel } from '../execute/every-model.fixture.js';
import { signBits, signUnsigned, thresholdBits } from './signs.js';

const run = (shape: readonly number[], drafts: readonly Draft[], x: Float32Array) =>
  everyModel(sourceOf(shape, drafts)).run(x);

/** What the words of an edge are behind their last channel. */
function padding(words: Uint32Array, channels: number): number[] {
  const perRow = Math.ceil(channels / 32);
  return [...words].flatMap((word, i) =>
    i % perRow === perRow - 1 && channels % 32 !== 0 ? [word >>> (channels % 32)] : [],
  );
}

describe('padding', () => {
  it.each([1, 31, 32, 33, 64, 70])('is 0 behind %i channels', (channels) => {
    const x = Float32Array.from({ length: 3 * channels }, (_, i) => Math.sin(i));
    const d = Int32Array.from(x, (v) => Math.round(4 * v));
    const out = new Uint32Array(3 * Math.ceil(channels / 32)).fill(0xffffffff);
    const flips = new Uint32Array(Math.ceil(channels / 32));
    const none = padding(new Uint32Array(out.length), channels);
    signBits(x, channels, out);
    expect(padding(out, channels)).toEqual(none);
    signUnsigned(x, channels, out.fill(0xffffffff));
    expect(padding(out, channels)).toEqual(none);
    for (const complement of [0, -1]) {
      thresholdBits(d, new Int32Array(channels), flips, complement, out.fill(0xffffffff));
      expect(padding(out, channels)).toEqual(none);
    }
  });

  it('of stored bits is 0 as well', () => {
    const kernel = { dtype: 'U8', shape: [1, 1], bytes: Uint8Array.of(0b11111010) } as const;
    const drafts: Draft[] = [
      { op: 'sign', attributes: { values: 'bits' } },
      { op: 'binaryDense', attributes: { units: 1 }, tensors: { kernel } },
    ];
    expect(() => run([3], drafts, Float32Array.of(1, 1, -1))).toThrow(/bits after the first 3/);
  });
});

describe('sign', () => {
  const special = [0, -0, 1e-45, -1e-45, Infinity, -Infinity, 3, -3];

  it('takes both zeros for +1', () => {
    const shape = [1, 1, special.length];
    const x = Float32Array.from(special);
    const bits = [1, 1, 1, -1, 1, -1, 1, -1];
    const sign = (values: 'bits' | 'unsigned' | 'f32'): Draft => ({
      op: 'sign',
      attributes: { values },
    });
    expect([...run(shape, [sign('bits'), readOut(8)], x)]).toEqual(bits);
    const unsigned = bits.map((sign) => (sign > 0 ? 1 : 0));
    expect([...run(shape, [sign('unsigned'), readOut(8)], x)]).toEqual(unsigned);
    expect([...run(shape, [sign('f32')], x)]).toEqual(bits);
    // Of integers, too: the sums of the signs above.
    expect([...run(shape, [sign('bits'), readOut(8), sign('f32')], x)]).toEqual(bits);
  });

  it.each(['bits', 'unsigned', 'f32'] as const)('to %s refuses a NaN and names it', (values) => {
    const shape = [2, 3, 40];
    const sign: Draft = {
      op: 'sign',
      name: 'conv2/sign',
      attributes: { values },
      layers: ['norm1', 'conv2'],
    };
    const drafts = values === 'f32' ? [sign] : [sign, readOut(40)];
    const model = everyModel(sourceOf(shape, drafts));
    const x = new Float32Array(2 * 240).fill(-1);
    x[240 + 120 + 40 + 35] = NaN;
    expect(() => model.run(x)).toThrow(
      'node "conv2/sign" (sign, of layers: "norm1", "conv2") reads a NaN at [1,1,35] of "x"',
    );
    // The model can be used again.
    expect(model.run(x.subarray(0, 240))).toEqual(
      new Float32Array(240).fill(values === 'unsigned' ? 0 : -1),
    );
  });
});

/** Sums of binary layers, here sums of 1 to 9 random signs for each channel: a float input cannot be thresholded. */
const sums = (channels: number): Draft[] => [
  { op: 'sign', attributes: { values: 'bits' } },
  {
    op: 'binaryConv2d',
    attributes: { window: squareWindow(3, 1, 1), filters: channels, groups: channels, padValue: 0 },
    tensors: { kernel: { dtype: 'U8', shape: [channels, 2], bytes: new Uint8Array(2 * channels) } },
  },
];

interface Thresholds {
  readonly channels: number;
  readonly thresholds: readonly number[];
  readonly flips: readonly boolean[];
  readonly x: Float32Array;
}

const thresholdCases: fc.Arbitrary<Thresholds> = fc
  .tuple(fc.integer({ min: 1, max: 70 }), fc.nat())
  .map(([channels, seed]) => {
    const random = randomNumbers(seed);
    const many = <T>(make: () => T) => Array.from({ length: channels }, make);
    return {
      channels,
      thresholds: many(() => Math.floor(random() * 21) - 10),
      flips: many(() => random() < 0.5),
      x: Float32Array.from({ length: 20 * channels }, () => random() - 0.5),
    };
  });

const threshold = (
  values: 'bits' | 'unsigned',
  { thresholds, flips }: Pick<Thresholds, 'thresholds' | 'flips'>,
): Draft => ({
  op: 'threshold',
  attributes: { values },
  tensors: {
    thresholds: integerTensor(thresholds),
    // Absent flips are no flips.
    ...(flips.some((flip) => flip) ? { flips: flagTensor(flips) } : {}),
  },
});

describe('threshold', () => {
  it('is +1 iff (d >= t) != flip', () => {
    fc.assert(
      fc.property(thresholdCases, ({ channels, thresholds, flips, x }) => {
        const shape = [4, 5, channels];
        const d = run(shape, sums(channels), x);
        for (const values of ['bits', 'unsigned'] as const) {
          const drafts = [...sums(channels), threshold(values, { thresholds, flips })];
          const expected = d.map((value, i) => {
            const positive = value >= thresholds[i % channels] !== flips[i % channels];
            return positive ? 1 : values === 'bits' ? -1 : 0;
          });
          expect(run(shape, [...drafts, readOut(channels)], x)).toEqual(expected);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes thresholds beyond every sum', () => {
    const extremes = { thresholds: [-(2 ** 31), 2 ** 31 - 1, 0], flips: [false, false, false] };
    const drafts = [...sums(3), threshold('bits', extremes), readOut(3)];
    expect([...run([1, 1, 3], drafts, Float32Array.of(-1, 1, 1))]).toEqual([1, -1, 1]);
  });
});

describe('max pool on bits', () => {
  const window = squareWindow(3, 2, 1);

  it('of the signs is the sign of the max pool, with minima in flipped channels', () => {
    fc.assert(
      fc.property(thresholdCases, ({ channels, thresholds, flips, x }) => {
        const shape = [4, 5, channels];
        const signs = threshold('bits', { thresholds, flips });
        const pool: Draft = { op: 'maxPool2d', attributes: { window } };
        const poolOfBits: Draft = flips.some((flip) => flip)
          ? { ...pool, tensors: { flips: flagTensor(flips) } }
          : pool;
        const before = run(shape, [...sums(channels), pool, signs, readOut(channels)], x);
        const behind = run(shape, [...sums(channels), signs, poolOfBits, readOut(channels)], x);
        expect(behind).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  it('of float signs, with negative scales', () => {
    const channels = 37;
    const random = randomNumbers(1);
    const x = Float32Array.from({ length: 20 * channels }, () => random() - 0.5);
    const a = Array.from({ length: channels }, (_, c) => (c % 3 === 0 ? -1 : 1));
    const affine: Draft = {
      op: 'affine',
      attributes: {},
      tensors: { a: floatTensor([channels], a) },
    };
    const sign: Draft = { op: 'sign', attributes: { values: 'bits' } };
    const pool: Draft = { op: 'maxPool2d', attributes: { window } };
    const flipped: Draft = { ...pool, tensors: { flips: flagTensor(a.map((v) => v < 0)) } };
    const shape = [4, 5, channels];
    expect(run(shape, [affine, sign, flipped, readOut(channels)], x)).toEqual(
      run(shape, [pool, affine, sign, readOut(channels)], x),
    );
  });
});
