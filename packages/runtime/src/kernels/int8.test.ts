/** Int8 arithmetic against plain loops over integers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  floatTensor,
  int8Tensor,
  randomNumbers,
  sourceOf,
  squareWindow,
} from '../execute/graph.fixture.js';
import type { Draft } from '../execute/graph.fixture.js';
import { everyModel } from '../execute/every-model.fixture.js';
import { PackedModel } from '../execute/packed-model.js';
import type { StoredTensor } from '../format/tensors.js';
import { ModelFileError } from '../model-file-error.js';
import { quantizeArray } from './int8.js';
import { naiveConv, naiveOutputSize } from './naive.fixture.js';
import type { NaiveConv } from './naive.fixture.js';

const f = Math.fround;

/** The integer nearest to t, the even one of two, by comparing distances. */
function nearestInteger(t: number): number {
  const limited = t < -127 ? -127 : t > 127 ? 127 : t;
  const below = Math.floor(limited);
  const [down, up] = [limited - below, below + 1 - limited];
  if (down !== up) return down < up ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

function quantized(x: readonly number[], factor: number): number[] {
  const out = new Int8Array(x.length);
  expect(quantizeArray(Float32Array.from(x), factor, out)).toBe(-1);
  return [...out];
}

/** Integers from -127 to 127, the ends often. */
function int8s(count: number, random: () => number): number[] {
  return Array.from({ length: count }, () => {
    const value = Math.floor(random() * 300) - 150;
    return Math.max(-127, Math.min(127, value));
  });
}

const floats = (count: number, random: () => number) =>
  Float32Array.from({ length: count }, () => random() * 4 - 2);

describe('quantize', () => {
  it('rounds the float32 product to the nearest integer, ties to even, and limits it', () => {
    expect(quantized([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, 127.4, -126.5], 1)).toEqual([
      0, 2, 2, 0, -2, -2, 126, 127, -126,
    ]);
    expect(quantized([1e30, -1e30, Infinity, -Infinity, 0, -0, 1e-45], 1e30)).toEqual([
      127, -127, 127, -127, 0, 0, 0,
    ]);
    const float = fc.float({ noNaN: true });
    const factor = fc.float({ min: f(1e-3), max: f(1e3), noNaN: true });
    fc.assert(
      fc.property(float, factor, (x, by) => {
        expect(quantized([x], by)[0]).toBe(nearestInteger(f(by * x)) + 0);
      }),
    );
    // Halves and their neighbours in float32.
    fc.assert(
      fc.property(fc.integer({ min: -260, max: 260 }), fc.integer({ min: -2, max: 2 }), (n, by) => {
        const x = f((n / 2) * (1 + by * 2 ** -23));
        expect(quantized([x], 1)[0]).toBe(nearestInteger(x) + 0);
      }),
    );
  });

  it('takes integers, too', () => {
    const out = new Int8Array(3);
    quantizeArray(Int32Array.of(-300, 5, 7), 0.5, out);
    expect([...out]).toEqual([-127, 2, 4]);
  });

  it('finds a NaN an error that names node, layers and place', () => {
    const drafts: Draft[] = [
      { op: 'quantize', name: 'q', attributes: { factor: 1 }, layers: ['stem'] },
      dense(2, 1, [1, 1], [1]),
    ];
    const model = everyModel(sourceOf([3, 2], drafts));
    const run = () => model.run(Float32Array.of(0, 1, 2, 3, NaN, 5));
    expect(run).toThrow(ModelFileError);
    expect(run).toThrow(
      'node "q" (quantize, of layers: "stem") reads a NaN at [2,0] of "x", which is no integer',
    );
  });
});

/** A dense layer of int8. */
function dense(
  inputs: number,
  units: number,
  kernel: readonly number[],
  scale: readonly number[],
): Draft {
  const tensors = { kernel: int8Tensor([inputs, units], kernel), scale: scaleOf(scale) };
  return { op: 'dense', attributes: { units, weights: 'i8' }, tensors };
}

function scaleOf(values: Iterable<number>): StoredTensor {
  const list = [...values];
  return floatTensor([list.length], list);
}

describe('convolution', () => {
  const small = (least: number, most: number) => fc.integer({ min: least, max: most });
  const cases = fc.record({
    picture: fc.tuple(small(1, 6), small(1, 6)),
    perGroup: fc.oneof(small(1, 4), small(1, 130)),
    groups: small(1, 3),
    filtersPerGroup: small(1, 3),
    size: fc.tuple(small(1, 5), small(1, 5)),
    strides: fc.tuple(small(1, 2), small(1, 2)),
    dilations: fc.tuple(small(1, 2), small(1, 2)),
    pads: fc.tuple(small(0, 3), small(0, 3), small(0, 3), small(0, 3)),
    withBias: fc.boolean(),
    /** Of int8, or int8 weights on floats. */
    onInt8: fc.boolean(),
    padValue: fc.constantFrom(0 as const, 1 as const, -1 as const),
    seed: fc.nat(),
  });

  it('has the bits of plain loops', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const { picture, perGroup, groups, filtersPerGroup, size, withBias, onInt8 } = given;
        const input = [picture[0], picture[1], perGroup * groups] as const;
        const filters = filtersPerGroup * groups;
        const padValue = onInt8 ? 0 : given.padValue;
        const conv: NaiveConv = { ...given, input, filters, padValue };
        fc.pre(naiveOutputSize(conv).every((count) => count > 0));
        const random = randomNumbers(given.seed);
        const kernel = int8s(size[0] * size[1] * perGroup * filters, random);
        const scale = floats(filters, random);
        const bias = floats(filters, random);
        const x = floats(input[0] * input[1] * input[2], random);
        const integer = (filter: number, ky: number, kx: number, c: number) =>
          kernel[((ky * size[1] + kx) * perGroup + c) * filters + filter];
        const { strides, dilations, pads } = given;
        const conv2d: Draft = {
          op: 'conv2d',
          attributes: {
            window: { size, strides, dilations, pads },
            filters,
            groups,
            padValue,
            weights: 'i8',
          },
          tensors: {
            kernel: int8Tensor([...size, perGroup, filters], kernel),
            scale: scaleOf(scale),
            ...(withBias && { bias: floatTensor([filters], bias) }),
          },
        };
        const quantize: Draft = { op: 'quantize', attributes: { factor: 63.5 } };
        const biased = (value: number, i: number) =>
          withBias ? f(value + bias[i % filters]) : value;
        const sums = onInt8
          ? naiveConv(
              x.map((value) => nearestInteger(f(63.5 * value))),
              integer,
              conv,
            ).map((sum, i) => f(scale[i % filters] * f(sum)))
          : naiveConv(x, (filter, ...at) => f(scale[filter] * integer(filter, ...at)), conv);
        const drafts = onInt8 ? [quantize, conv2d] : [conv2d];
        const out = everyModel(sourceOf(input, drafts)).run(x);
        expect(out).toEqual(Float32Array.from(sums, biased));
      }),
      { numRuns: 300 },
    );
  });

  it('in dense layers over the last axis, at every position', () => {
    const random = randomNumbers(3);
    const [rows, inputs, units] = [3, 77, 5];
    const kernel = int8s(inputs * units, random);
    const scale = floats(units, random);
    const x = Float32Array.from(int8s(rows * inputs, random));
    const drafts = [
      { op: 'quantize', attributes: { factor: 1 } } as const,
      dense(inputs, units, kernel, [...scale]),
    ];
    const expected = Array.from({ length: rows * units }, (_, i) => {
      const [row, u] = [Math.floor(i / units), i % units];
      let sum = 0;
      for (let c = 0; c < inputs; c++) sum += x[row * inputs + c] * kernel[c * units + u];
      return f(scale[u] * f(sum));
    });
    expect([...everyModel(sourceOf([rows, inputs], drafts)).run(x)]).toEqual(expected);
  });

  it('sums up to the most that is allowed without a carry', () => {
    const inputs = 2 ** 17;
    const kernel = Array.from({ length: 2 * inputs }, (_, i) => (i % 2 === 0 ? 127 : -127));
    const drafts = [
      { op: 'quantize', attributes: { factor: 1 } } as const,
      dense(inputs, 2, kernel, [1, 1]),
    ];
    const model = everyModel(sourceOf([inputs], drafts));
    const most = 127 * 127 * inputs;
    expect(most).toBeLessThan(2 ** 31);
    expect([...model.run(new Float32Array(inputs).fill(500))]).toEqual([f(most), f(-most)]);
    // An odd sum beyond 2^24 is rounded once, to the nearest float32.
    const x = new Float32Array(inputs).fill(127);
    x[0] = 1;
    expect(model.run(x)[0]).toBe(f(most - 126 * 127));
  });
});

describe('memory', () => {
  it('of a kernel that two scales share is decoded for each of them', () => {
    const one: Draft = { ...dense(2, 1, [3, -5], [0.5]), name: 'a', inputs: ['x'] };
    const other: Draft = { ...dense(2, 1, [3, -5], [2]), name: 'b', inputs: ['x'] };
    const join: Draft = { op: 'concat', attributes: {}, inputs: ['a', 'b'] };
    const { graph, tensors, metadata } = sourceOf([2], [one, other, join]);
    const nodes = graph.nodes.map((node) =>
      node.name === 'b' ? { ...node, tensors: { ...node.tensors, kernel: 'a/kernel' } } : node,
    );
    const shared = new Map([...tensors].filter(([name]) => name !== 'b/kernel'));
    const model = everyModel({ graph: { ...graph, nodes }, tensors: shared, metadata });
    expect([...model.run(Float32Array.of(1, 1))]).toEqual([-1, -4]);
  });

  it('of int8 is a byte for each number, and told before it is taken', () => {
    const [inputs, units] = [512, 256];
    const quantize: Draft = { op: 'quantize', attributes: { factor: 1 } };
    const kernel = Array<number>(inputs * units).fill(1);
    const source = sourceOf(
      [inputs],
      [quantize, dense(inputs, units, kernel, Array(units).fill(1))],
    );
    const bytes = 4 * inputs + inputs + inputs * units + 4 * units + 4 * units;
    const load = (maxMemoryBytes: number) =>
      PackedModel.from(source, { maxMemoryBytes, kernels: 'reference' });
    expect(() => load(bytes - 1)).toThrow(
      `${inputs * units + 4 * units} for decoded tensors, ${4 * units} for scratch`,
    );
    expect(load(bytes + 4 * units)).toBeDefined();
  });

  it('on floats takes int8 weights as float32', () => {
    const conv: Draft = {
      op: 'conv2d',
      attributes: { window: squareWindow(1), filters: 1, groups: 1, padValue: 0, weights: 'i8' },
      tensors: { kernel: int8Tensor([1, 1, 1, 1], [100]), scale: scaleOf([0.1]) },
    };
    const out = everyModel(sourceOf([1, 1, 1], [conv])).run(Float32Array.of(3));
    expect(out[0]).toBe(f(3 * f(f(0.1) * 100)));
  });
});
