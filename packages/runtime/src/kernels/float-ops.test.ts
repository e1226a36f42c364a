/** Float ops of the graph against plain loops and formulas. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  floatTensor,
  halfTensor,
  randomNumbers,
  signTensor,
  sourceOf,
  squareWindow,
} from '../execute/graph.fixture.js';
import type { Draft } from '../execute/graph.fixture.js';
import { everyModel } from '../execute/every-model.fixture.js';
import type { PadValue, WeightType } from '../graph.js';
import { halfValue } from './half.js';
import { naiveConv, naiveOutputSize } from './naive.fixture.js';
import type { NaiveConv } from './naive.fixture.js';
import { averagePool2d, conv2d, denseShape } from './float-conv.js';

const run = (shape: readonly number[], drafts: readonly Draft[], x: Float32Array) =>
  everyModel(sourceOf(shape, drafts)).run(x);

const normal = (count: number, random: () => number) =>
  Float32Array.from({ length: count }, () => random() * 4 - 2);

/** A kernel in each form of storage, and its numbers. */
function kernelOf(
  weights: WeightType,
  window: readonly [number, number, number],
  filters: number,
  random: () => number,
) {
  const taps = window[0] * window[1] * window[2];
  const index = (f: number, ky: number, kx: number, c: number) =>
    ((ky * window[1] + kx) * window[2] + c) * filters + f;
  const shape = [...window, filters];
  if (weights === 'bits') {
    const rows = Array.from({ length: filters }, () =>
      Array.from({ length: taps }, () => (random() < 0.5 ? -1 : 1)),
    );
    const weight = (f: number, ky: number, kx: number, c: number) =>
      rows[f][(ky * window[1] + kx) * window[2] + c];
    return { tensor: signTensor(rows), weight };
  }
  if (weights === 'f16') {
    const bits = Array.from({ length: taps * filters }, () => {
      const sign = random() < 0.5 ? 0x8000 : 0;
      return sign + Math.floor(random() * 0x4400);
    });
    const weight = (...at: Parameters<typeof index>) => halfValue(bits[index(...at)]);
    return { tensor: halfTensor(shape, bits), weight };
  }
  const values = normal(taps * filters, random);
  const weight = (...at: Parameters<typeof index>) => values[index(...at)];
  return { tensor: floatTensor(shape, values), weight };
}

describe('float convolution', () => {
  const small = (least: number, most: number) => fc.integer({ min: least, max: most });
  const cases = fc.record({
    picture: fc.tuple(small(1, 6), small(1, 6)),
    perGroup: small(1, 4),
    groups: small(1, 3),
    filtersPerGroup: small(1, 3),
    size: fc.tuple(small(1, 3), small(1, 3)),
    strides: fc.tuple(small(1, 2), small(1, 2)),
    dilations: fc.tuple(small(1, 2), small(1, 2)),
    pads: fc.tuple(small(0, 3), small(0, 3), small(0, 3), small(0, 3)),
    padValue: fc.constantFrom<PadValue>(0, 1, -1),
    weights: fc.constantFrom<WeightType>('f32', 'f16', 'bits'),
    withBias: fc.boolean(),
    seed: fc.nat(),
  });

  it('is the sum in f64, in order, rounded once: the same bits as plain loops', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const { picture, perGroup, groups, filtersPerGroup, size, weights } = given;
        const input = [picture[0], picture[1], perGroup * groups] as const;
        const filters = filtersPerGroup * groups;
        const conv: NaiveConv = { ...given, input, filters };
        fc.pre(naiveOutputSize(conv).every((count) => count > 0));
        const random = randomNumbers(given.seed);
        const { tensor, weight } = kernelOf(weights, [...size, perGroup], filters, random);
        const bias = normal(filters, random);
        const x = normal(input[0] * input[1] * input[2], random);
        const { strides, dilations, pads, padValue } = given;
        const draft: Draft = {
          op: 'conv2d',
          attributes: {
            window: { size, strides, dilations, pads },
            filters,
            groups,
            padValue,
            weights,
          },
          tensors: {
            kernel: tensor,
            ...(given.withBias ? { bias: floatTensor([filters], bias) } : {}),
          },
        };
        const sums = naiveConv(x, weight, conv);
        const expected = sums.map((sum, i) => sum + (given.withBias ? bias[i % filters] : 0));
        expect(run(input, [draft], x)).toEqual(Float32Array.from(expected));
      }),
      { numRuns: 300 },
    );
  });

  it('of exact sums of a binary layer', () => {
    const drafts: Draft[] = [
      { op: 'sign', attributes: { values: 'bits' } },
      {
        op: 'binaryDense',
        attributes: { units: 2 },
        tensors: {
          kernel: signTensor([
            [1, 1, -1],
            [-1, 1, 1],
          ]),
        },
      },
      {
        op: 'dense',
        attributes: { units: 1, weights: 'f32' },
        tensors: { kernel: floatTensor([2, 1], [0.5, 0.25]) },
      },
    ];
    expect([...run([3], drafts, Float32Array.of(1, 1, 1))]).toEqual([0.75]);
    expect([...run([3], drafts, Float32Array.of(1, 1, -1))]).toEqual([1.5 - 0.25]);
  });
});

describe('float dense', () => {
  it.each(['f32', 'f16', 'bits'] as const)('with %s weights', (weights) => {
    const random = randomNumbers(5);
    const [rows, inputs, units] = [3, 13, 4];
    const { tensor, weight } = kernelOf(weights, [1, 1, inputs], units, random);
    const shape = weights === 'bits' ? tensor.shape : [inputs, units];
    const bias = normal(units, random);
    const x = normal(rows * inputs, random);
    const draft: Draft = {
      op: 'dense',
      attributes: { units, weights },
      tensors: { kernel: { ...tensor, shape }, bias: floatTensor([units], bias) },
    };
    const expected = Array.from({ length: rows * units }, (_, i) => {
      let sum = 0;
      for (let c = 0; c < inputs; c++) {
        sum += x[Math.floor(i / units) * inputs + c] * weight(i % units, 0, 0, c);
      }
      return sum + bias[i % units];
    });
    expect(run([rows, inputs], [draft], x)).toEqual(Float32Array.from(expected));
  });
});

describe('pools', () => {
  const random = randomNumbers(9);
  const input = [5, 6, 3] as const;
  const x = normal(90, random);
  const window = { ...squareWindow(3, 2, 1), dilations: [2, 1] as const };
  /** The numbers that a window sees, in row-major order. */
  const seen = (oy: number, ox: number, c: number) => {
    const found: number[] = [];
    for (let ky = 0; ky < 3; ky++) {
      for (let kx = 0; kx < 3; kx++) {
        const [row, column] = [oy * 2 + ky * 2 - 1, ox * 2 + kx - 1];
        if (row < 0 || row > 4 || column < 0 || column > 5) continue;
        found.push(x[(row * 6 + column) * 3 + c]);
      }
    }
    return found;
  };
  const outputs = (f: (values: number[]) => number) =>
    Float32Array.from({ length: 2 * 3 * 3 }, (_, i) =>
      f(seen(Math.floor(i / 9), Math.floor(i / 3) % 3, i % 3)),
    );

  it('take the largest number', () => {
    const expected = outputs((values) => Math.max(...values));
    expect(run(input, [{ op: 'maxPool2d', attributes: { window } }], x)).toEqual(expected);
  });

  it('take the mean of what lies inside', () => {
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const draft: Draft = { op: 'averagePool2d', attributes: { window } };
    expect(run(input, [draft], x)).toEqual(outputs(mean));
  });

  it('keep a NaN, -Infinity and the first of two zeros', () => {
    const pool: Draft = { op: 'maxPool2d', attributes: { window: squareWindow(2) } };
    const of = (...values: number[]) => [...run([2, 2, 1], [pool], Float32Array.from(values))];
    expect(of(1, NaN, 2, 3)).toEqual([NaN]);
    expect(of(-Infinity, -Infinity, -Infinity, -Infinity)).toEqual([-Infinity]);
    expect(of(-1, -0, 0, -2)).toEqual([-0]);
    expect(of(-1, 0, -0, -2)).toEqual([0]);
  });
});

describe('ops on whole arrays', () => {
  const random = randomNumbers(3);
  const x = normal(12, random);
  const f = Math.fround;
  const [a, b] = [normal(4, random), normal(4, random)];
  const tensor = (values: Float32Array) => floatTensor([4], values);

  it.each<[string, Draft, (value: number, i: number) => number]>([
    [
      'affine',
      { op: 'affine', attributes: {}, tensors: { a: tensor(a), b: tensor(b) } },
      (v, i) => f(f(a[i % 4] * v) + b[i % 4]),
    ],
    [
      'a alone',
      { op: 'affine', attributes: {}, tensors: { a: tensor(a) } },
      (v, i) => a[i % 4] * v,
    ],
    [
      'b alone',
      { op: 'affine', attributes: {}, tensors: { b: tensor(b) } },
      (v, i) => v + b[i % 4],
    ],
    ['relu', { op: 'relu', attributes: {} }, (v) => Math.max(v, 0)],
    [
      'clip',
      { op: 'clip', attributes: { min: -0.1, max: 0.7 } },
      (v) => Math.min(Math.max(v, -0.1), 0.7),
    ],
    [
      'prelu',
      { op: 'prelu', attributes: {}, tensors: { alpha: tensor(a) } },
      (v, i) => (v < 0 ? a[i % 4] * v : v),
    ],
    ['sigmoid', { op: 'sigmoid', attributes: {} }, (v) => 1 / (1 + Math.exp(-v))],
    ['tanh', { op: 'tanh', attributes: {} }, (v) => Math.tanh(v)],
    ['reshape', { op: 'reshape', attributes: { shape: [2, 6] } }, (v) => v],
    ['add', { op: 'add', attributes: {}, inputs: ['x', 'x', 'x'] }, (v) => f(f(v + v) + v)],
  ])('%s', (_, draft, expected) => {
    expect(run([3, 4], [draft], x)).toEqual(Float32Array.from(x, expected));
  });

  it('concat joins along the last axis, integers too', () => {
    const drafts: Draft[] = [
      { op: 'sign', name: 'signs', attributes: { values: 'bits' } },
      {
        op: 'binaryDense',
        name: 'sums',
        attributes: { units: 1 },
        tensors: { kernel: signTensor([[1, 1]]) },
      },
      { op: 'concat', attributes: {}, inputs: ['x', 'sums', 'x'] },
    ];
    const two = Float32Array.of(1, 2, 3, -4);
    expect([...run([2, 2], drafts, two)]).toEqual([1, 2, 2, 1, 2, 3, -4, 0, 3, -4]);
  });

  it('the L2 norm brings each row to length 1, and scales its channels', () => {
    const rows = normal(6 * 5 * 7, random);
    rows.fill(0, 7, 14);
    rows.fill(1e-30, 14, 21);
    rows.fill(3e38, 21, 28);
    const scale = normal(7, random);
    const draft: Draft = {
      op: 'l2Norm',
      attributes: {},
      tensors: { scale: floatTensor([7], scale) },
    };
    const expected = rows.map((v, i) => {
      const row = rows.subarray(i - (i % 7), i - (i % 7) + 7);
      const length = f(Math.sqrt(row.reduce((sum, other) => sum + other ** 2, 0)));
      return f(v / Math.max(length, f(1e-12))) * scale[i % 7];
    });
    expect(run([6, 5, 7], [draft], rows)).toEqual(expected);
    expect([...expected.subarray(21, 28)].some((v) => v !== 0)).toBe(false);
    expect(run([7], [draft], Float32Array.of(0, 0, NaN, 1, 2, 3, 4)).every(Number.isNaN)).toBe(
      true,
    );
  });

  it('the L2 norm of integers', () => {
    const drafts: Draft[] = [
      { op: 'sign', attributes: { values: 'bits' } },
      {
        op: 'binaryDense',
        attributes: { units: 2 },
        tensors: {
          kernel: signTensor([
            [1, 1, 1],
            [1, 1, -1],
          ]),
        },
      },
      {
        op: 'l2Norm',
        attributes: {},
        tensors: { scale: floatTensor([2], Float32Array.of(10, -20)) },
      },
    ];
    const length = f(Math.sqrt(10));
    expect([...run([3], drafts, Float32Array.of(1, 2, 3))]).toEqual([
      f(f(3 / length) * 10),
      f(f(1 / length) * -20),
    ]);
  });

  it('softmax takes each row by itself', () => {
    const out = run([2, 3], [{ op: 'softmax', attributes: {} }], Float32Array.of(0, 0, 0, 1, 2, 3));
    const total = Math.E + Math.E ** 2 + Math.E ** 3;
    const expected = [
      1,
      1,
      1,
      3 * (Math.E / total),
      3 * (Math.E ** 2 / total),
      3 * (Math.E ** 3 / total),
    ];
    expected.forEach((value, i) => expect(out[i]).toBeCloseTo(value / 3, 7));
  });
});

describe('the exported functions', () => {
  it('need no scratch', () => {
    const shape = {
      inHeight: 2,
      inWidth: 2,
      inChannels: 1,
      outHeight: 1,
      outWidth: 1,
      outChannels: 1,
      filterHeight: 2,
      filterWidth: 2,
      strideHeight: 1,
      strideWidth: 1,
      dilationHeight: 1,
      dilationWidth: 1,
      padTop: 0,
      padLeft: 0,
      groups: 1,
    };
    const x = Float32Array.of(1, 2, 3, 4);
    const out = new Float32Array(1);
    conv2d(x, Float32Array.of(1, 1, 1, 2), Float32Array.of(0.5), shape, out);
    expect(out[0]).toBe(14.5);
    averagePool2d(x, { ...shape, channels: 1 }, out);
    expect(out[0]).toBe(2.5);
    conv2d(x, Float32Array.of(1, 1, 1, 1), undefined, denseShape(1, 4, 1), out);
    expect(out[0]).toBe(10);
  });
});
