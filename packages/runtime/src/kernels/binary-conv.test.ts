/** Sums on bits against plain loops over numbers, for all that a convolution can be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomNumbers, readOut, signTensor, sourceOf } from '../execute/graph.fixture.js';
import { everyModel } from '../execute/every-model.fixture.js';
import type { Draft } from '../execute/graph.fixture.js';
import type { PadValue } from '../graph.js';
import { prepareBinaryConv2d } from './binary-conv.js';
import { copyBits, popcount, popcount3, regroupBits, setBits, wordsFor } from './bits.js';
import { naiveConv, naiveOutputSize } from './naive.fixture.js';
import type { NaiveConv } from './naive.fixture.js';

type Operand = 'bits' | 'unsigned';

interface Case extends NaiveConv {
  readonly padValue: PadValue;
  readonly operand: Operand;
  readonly batch: number;
}

/** Runs the case through a model and through plain loops. */
function check(given: Case, seed: number): void {
  const random = randomNumbers(seed);
  const { input, size, filters, groups, operand, batch } = given;
  const perFilter = (size[0] * size[1] * input[2]) / groups;
  const rows = Array.from({ length: filters }, () =>
    Array.from({ length: perFilter }, () => (random() < 0.5 ? -1 : 1)),
  );
  const pixels = input[0] * input[1] * input[2];
  const x = Float32Array.from({ length: batch * pixels }, () => random() * 2 - 1);
  const model = everyModel(
    sourceOf(input, [
      { op: 'sign', attributes: { values: operand } },
      {
        op: 'binaryConv2d',
        attributes: {
          window: {
            size,
            strides: given.strides,
            dilations: given.dilations,
            pads: given.pads,
          },
          filters,
          groups,
          padValue: given.padValue,
        },
        tensors: { kernel: signTensor(rows) },
      },
    ]),
  );
  expect(model.outputShape).toEqual([...naiveOutputSize(given), filters]);
  const operands = Array.from(x, (v) => (v >= 0 ? 1 : operand === 'bits' ? -1 : 0));
  const expected = Array.from({ length: batch }, (_, n) =>
    naiveConv(
      operands.slice(n * pixels, (n + 1) * pixels),
      (f, ky, kx, c) => rows[f][((ky * size[1] + kx) * input[2]) / groups + c],
      given,
    ),
  ).flat();
  expect(model.run(x)).toEqual(Float32Array.from(expected));
}

describe('binary convolution equals plain loops', () => {
  const channelCounts = Array.from({ length: 130 }, (_, i) => i + 1);

  it.each(['bits', 'unsigned'] as const)('on %s with 1 to 130 channels', (operand) => {
    for (const channels of channelCounts) {
      const size = [1, 3, 5][channels % 3];
      const pad = channels % 4 === 0 ? 0 : Math.floor(size / 2);
      const padValues = operand === 'bits' ? ([0, 1, -1] as const) : ([0, 1] as const);
      for (const padValue of padValues) {
        const shared = {
          input: [3, 4, channels],
          size: [size, size],
          strides: [1 + (channels % 2), 1],
          dilations: [1, 1],
          pads: [pad, pad, size - 1, size - 1],
          padValue,
          operand,
        } as const;
        check({ ...shared, filters: 2, groups: 1, batch: 1 + (channels % 3) }, channels);
      }
    }
  });

  it.each(['bits', 'unsigned'] as const)('on %s with groups of any size', (operand) => {
    for (const channels of [2, 6, 12, 33, 34, 64, 66, 96, 99, 126, 130]) {
      for (const groups of [2, 3, 11, channels]) {
        if (channels % groups !== 0) continue;
        const shared = {
          input: [3, 4, channels],
          size: [3, 2],
          strides: [1, 1],
          dilations: [1, 1],
          pads: [1, 1, 1, 0],
          operand,
        } as const;
        for (const padValue of [0, 1] as const) {
          check({ ...shared, padValue, groups, filters: 2 * groups, batch: 1 }, channels + groups);
        }
      }
    }
  });

  it('on anything', () => {
    const pair = (least: number, most: number) =>
      fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }));
    const cases = fc.record({
      picture: pair(1, 7),
      perGroup: fc.integer({ min: 1, max: 70 }),
      groups: fc.integer({ min: 1, max: 3 }),
      filtersPerGroup: fc.integer({ min: 1, max: 4 }),
      size: fc.tuple(fc.constantFrom(1, 3, 5), fc.constantFrom(1, 2, 3, 5)),
      strides: pair(1, 2),
      dilations: pair(1, 2),
      pads: fc.tuple(pair(0, 9), pair(0, 9)).map(([a, b]) => [...a, ...b] as const),
      padValue: fc.constantFrom<PadValue>(0, 1, -1),
      operand: fc.constantFrom<Operand>('bits', 'unsigned'),
      batch: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(),
    });
    let run = 0;
    fc.assert(
      fc.property(cases, ({ picture, perGroup, groups, filtersPerGroup, seed, ...rest }) => {
        const given: Case = {
          ...rest,
          input: [picture[0], picture[1], perGroup * groups],
          filters: filtersPerGroup * groups,
          groups,
          padValue: rest.operand === 'unsigned' && rest.padValue === -1 ? 1 : rest.padValue,
        };
        fc.pre(naiveOutputSize(given).every((size) => size > 0));
        run += 1;
        check(given, seed);
      }),
      { numRuns: 400 },
    );
    expect(run).toBeGreaterThan(200);
  });
});

describe('binary dense equals plain loops', () => {
  it.each(['bits', 'unsigned'] as const)('on %s with 1 to 130 inputs', (operand) => {
    for (let length = 1; length <= 130; length++) {
      const random = randomNumbers(length);
      const units = 1 + (length % 7);
      const leading = length % 2 === 0 ? [] : [3];
      const rows = Array.from({ length: units }, () =>
        Array.from({ length }, () => (random() < 0.5 ? -1 : 1)),
      );
      const count = 2 * (leading[0] ?? 1);
      const x = Float32Array.from({ length: count * length }, () => random() - 0.5);
      const model = everyModel(
        sourceOf(
          [...leading, length],
          [
            { op: 'sign', attributes: { values: operand } },
            { op: 'binaryDense', attributes: { units }, tensors: { kernel: signTensor(rows) } },
          ],
        ),
      );
      const expected = Array.from({ length: count }, (_, n) =>
        rows.map((row) =>
          row.reduce((sum, weight, i) => {
            const positive = x[n * length + i] >= 0;
            return sum + weight * (positive ? 1 : operand === 'bits' ? -1 : 0);
          }, 0),
        ),
      ).flat();
      expect(model.run(x)).toEqual(Float32Array.from(expected));
    }
  });
});

describe('the kernel by itself', () => {
  it('sees a whole row of +1, of -1 and of unsigned ones at the borders', () => {
    // 40 channels of weight +1, a 3x3 window on one pixel: 8 of 9 taps are outside.
    const shape = {
      inHeight: 1,
      inWidth: 1,
      inChannels: 40,
      outHeight: 1,
      outWidth: 1,
      outChannels: 1,
      filterHeight: 3,
      filterWidth: 3,
      strideHeight: 1,
      strideWidth: 1,
      dilationHeight: 1,
      dilationWidth: 1,
      padTop: 1,
      padLeft: 1,
      groups: 1,
    };
    const kernel = new Uint32Array(wordsFor(360));
    const out = new Int32Array(1);
    const sum = (operand: Operand, padValue: PadValue, x: number[]) => {
      prepareBinaryConv2d(kernel, shape, operand, padValue)(Uint32Array.from(x), out);
      return out[0];
    };
    expect(sum('bits', 0, [0, 0])).toBe(40);
    expect(sum('bits', 1, [0, 0])).toBe(360);
    expect(sum('bits', -1, [0, 0])).toBe(40 - 320);
    expect(sum('bits', 0, [0xffffffff, 0xff])).toBe(-40);
    expect(sum('unsigned', 0, [0xffffffff, 0xff])).toBe(40);
    expect(sum('unsigned', 1, [0, 0])).toBe(320);
  });

  it('counts bits', () => {
    const count = (word: number) =>
      [...(word >>> 0).toString(2)].filter((bit) => bit === '1').length;
    const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(popcount(a)).toBe(count(a));
        expect(popcount3(a, b, c)).toBe(count(a) + count(b) + count(c));
      }),
    );
    expect(popcount3(-1, -1, -1)).toBe(96);
    expect(popcount(-1)).toBe(32);
  });
});

describe('moving bits', () => {
  const bitAt = (words: Uint32Array, i: number) => (words[Math.floor(i / 32)] >>> (i % 32)) & 1;
  const noise = (words: number, seed: number) => {
    const random = randomNumbers(seed);
    return Uint32Array.from({ length: words }, () => random() * 2 ** 32);
  };

  it('copies and sets them from anywhere to anywhere', () => {
    const place = fc.nat(100);
    fc.assert(
      fc.property(place, place, fc.nat(150), fc.nat(), (from, to, count, seed) => {
        const source = noise(10, seed);
        const target = new Uint32Array(10);
        copyBits(source, 1, from, target, 1, to, count);
        const set = new Uint32Array(10);
        setBits(set, to, count);
        const places = Array.from({ length: 320 }, (_, i) => i);
        const copied = places.map((i) => {
          const inside = i >= to + 32 && i < to + 32 + count;
          return inside ? bitAt(source, from + (i - to)) : 0;
        });
        expect(places.map((i) => bitAt(target, i))).toEqual(copied);
        const ones = places.map((i) => (i >= to && i < to + count ? 1 : 0));
        expect(places.map((i) => bitAt(set, i))).toEqual(ones);
      }),
      { numRuns: 200 },
    );
  });

  it('regroups rows of any length', () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, size, size, fc.nat(), (a, b, c, seed) => {
        const random = randomNumbers(seed);
        const values = Array.from({ length: a * b * c }, () => (random() < 0.5 ? 0 : 1));
        const pack = (length: number) => {
          const words = new Uint32Array((values.length / length) * wordsFor(length));
          values.forEach((value, i) => {
            const row = Math.floor(i / length) * wordsFor(length);
            words[row + Math.floor((i % length) / 32)] |= value << ((i % length) % 32);
          });
          return words;
        };
        const out = pack(b).map(() => 0xffffffff);
        regroupBits(pack(a * b), c, a * b, out, b);
        expect(out).toEqual(pack(b));
      }),
      { numRuns: 200 },
    );
  });

  it('in a model: a flatten of bits between two layers', () => {
    for (const operand of ['bits', 'unsigned'] as const) {
      for (const shape of [
        [3, 2, 5],
        [2, 2, 32],
        [2, 3, 33],
      ]) {
        const length = shape[0] * shape[1] * shape[2];
        const random = randomNumbers(length);
        const x = Float32Array.from({ length }, () => random() - 0.5);
        const drafts: Draft[] = [
          { op: 'sign', attributes: { values: operand } },
          { op: 'reshape', attributes: { shape: [length] } },
          { op: 'reshape', attributes: { shape: [1, length / 2, 2] } },
          readOut(2),
        ];
        const expected = x.map((v) => (v >= 0 ? 1 : operand === 'bits' ? -1 : 0));
        expect(everyModel(sourceOf(shape, drafts)).run(x)).toEqual(expected);
      }
    }
  });
});
