/** What load options change: kernels, arithmetic, and what is refused. */
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { floatTensor, randomNumbers, sourceOf } from './graph.fixture.js';
import type { Draft } from './graph.fixture.js';
import { PackedModel } from './packed-model.js';
import type { LoadOptions } from './load-options.js';

/** From a caller without types. */
function untyped(options: object): LoadOptions {
  return options;
}

const relu = sourceOf([2], [{ op: 'relu', attributes: {} }]);

afterEach(() => vi.unstubAllGlobals());

describe('fast arithmetic', () => {
  /*
   * A sum of n products in float32, each product and each sum rounded (relative error u = 2^-24), is at most
   * n u / (1 - n u) times the sum of the products' sizes away from the true one (Higham, Accuracy and Stability, 3.1);
   * the bias is one more sum.
   */
  it('is as near to the exact sums as float32 can promise', () => {
    fc.assert(
      fc.property(
        fc.record({
          height: fc.integer({ min: 1, max: 7 }),
          width: fc.integer({ min: 1, max: 7 }),
          groups: fc.integer({ min: 1, max: 3 }),
          perGroup: fc.integer({ min: 1, max: 9 }),
          filters: fc.integer({ min: 1, max: 11 }),
          size: fc.constantFrom(1, 3),
          seed: fc.nat(),
        }),
        ({ height, width, groups, perGroup, filters, size, seed }) => {
          const random = randomNumbers(seed);
          const numbers = (count: number) =>
            Array.from({ length: count }, () => Math.fround(4 * random() - 2));
          const pad = (size - 1) / 2;
          const kernel = numbers(size * size * perGroup * filters * groups);
          const bias = numbers(filters * groups);
          const conv = (absolute: (x: number) => number): Draft => ({
            op: 'conv2d',
            attributes: {
              window: {
                size: [size, size],
                strides: [1, 1],
                dilations: [1, 1],
                pads: [pad, pad, pad, pad],
              },
              filters: filters * groups,
              groups,
              padValue: 0,
              weights: 'f32',
            },
            tensors: {
              kernel: floatTensor([size, size, perGroup, filters * groups], kernel.map(absolute)),
              bias: floatTensor([filters * groups], bias.map(absolute)),
            },
          });
          const shape = [height, width, perGroup * groups];
          const x = Float32Array.from(numbers(height * width * perGroup * groups));
          const source = sourceOf(shape, [conv((value) => value)]);
          const exact = PackedModel.from(source, { kernels: 'wasm' }).run(x);
          const fast = PackedModel.from(source, { kernels: 'wasm', arithmetic: 'fast' }).run(x);
          const sizes = PackedModel.from(sourceOf(shape, [conv(Math.abs)])).run(x.map(Math.abs));
          const terms = size * size * perGroup + 1;
          const unit = 2 ** -24;
          fast.forEach((value, i) => {
            const bound = ((terms * unit) / (1 - terms * unit) + 2 * unit) * sizes[i];
            expect(Math.abs(value - exact[i])).toBeLessThanOrEqual(bound);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is not there without kernels that have it', () => {
    expect(() => PackedModel.from(relu, { kernels: 'reference', arithmetic: 'fast' })).toThrow(
      /arithmetic is "fast"; the reference kernels have 'exact' only/,
    );
  });
});

describe('options', () => {
  it('name what is allowed', () => {
    expect(() => PackedModel.from(relu, untyped({ kernels: 'simd' }))).toThrow(
      /kernels is "simd"; allowed: auto, wasm, reference/,
    );
    expect(() => PackedModel.from(relu, untyped({ arithmetic: 'f16' }))).toThrow(
      /arithmetic is "f16"; allowed: exact, fast/,
    );
  });

  it('take plain kernels where there is no WebAssembly, and say so', () => {
    vi.stubGlobal('WebAssembly', undefined);
    const model = PackedModel.from(relu);
    expect(model.describe().kernels).toBe('reference');
    expect(model.run(Float32Array.of(-1, 2))).toEqual(Float32Array.of(0, 2));
    expect(() => PackedModel.from(relu, { kernels: 'wasm' })).toThrow(/no WebAssembly with SIMD/);
  });

  it('have a profile of every stage', () => {
    const model = PackedModel.from(
      sourceOf(
        [2, 2],
        [
          { op: 'relu', attributes: {} },
          { op: 'reshape', attributes: { shape: [4] } },
          { op: 'tanh', attributes: {} },
          { op: 'sigmoid', attributes: {} },
        ],
      ),
      { kernels: 'wasm' },
    );
    const stages = model.profile(new Float32Array(4));
    expect(stages.map(({ nodes }) => nodes)).toEqual([
      ['relu0'],
      ['reshape1'],
      ['tanh2', 'sigmoid3'],
    ]);
    for (const { milliseconds } of stages) expect(milliseconds).toBeGreaterThanOrEqual(0);
    expect(() => model.profile(new Float32Array(8))).toThrow(/one example at a time/);
  });
});
