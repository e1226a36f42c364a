/**
 * Properties over drawn shapes: with whole numbers every sum is exact in float32, so the kernels must equal
 * the reference to the last bit whatever the shape, and so no tail, border, stride or group goes wrong
 * unnoticed behind a tolerance.
 */
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { convGeometry, type ConvGeometry, type PadValue } from '@surge-bnn/contract';
import { sizes } from '../../cases/geometries.js';
import { difference, runCase, type KernelCase } from '../../cases/kernel-case.js';
import { integers, reals } from '../../cases/numbers.js';
import type { Provider } from '../provider.js';
import { referenceKernels } from '../reference/index.js';
import { createWasmProvider } from './index.js';

let provider: Provider;
beforeAll(async () => {
  provider = await createWasmProvider();
});

/** Runs a case here and on the reference. */
function both(kernelCase: Omit<KernelCase, 'name' | 'bound'>) {
  const outputs = kernelCase.outputLengths.map((length) => new Float32Array(length).fill(NaN));
  const inputs = kernelCase.inputs.map((a) => a.slice());
  const said = kernelCase.call(referenceKernels, inputs, outputs) ?? [];
  const actual = runCase(provider, { ...kernelCase, name: 'drawn', bound: 0 });
  return { actual, right: { outputs, said } };
}

function expectEqual(kernelCase: Omit<KernelCase, 'name' | 'bound'>): void {
  const { actual, right } = both(kernelCase);
  right.outputs.forEach((output, i) => expect(difference(actual.outputs[i], output)).toBe(0));
  expect(actual.said).toEqual(right.said);
}

/** Geometries over everything that a convolution can be, small enough for the reference. */
const geometries: fc.Arbitrary<ConvGeometry> = fc
  .record({
    batch: fc.constantFrom(0, 1, 3),
    height: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 1, max: 9 }),
    groups: fc.constantFrom(1, 1, 1, 2, 3),
    groupIn: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 130 })),
    groupOut: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40 })),
    filter: fc.tuple(fc.constantFrom(1, 3, 5), fc.constantFrom(1, 3, 5)),
    strides: fc.tuple(fc.constantFrom(1, 1, 2, 3), fc.constantFrom(1, 1, 2, 3)),
    dilationRate: fc.tuple(fc.constantFrom(1, 1, 2), fc.constantFrom(1, 1, 2)),
    padding: fc.constantFrom<'same' | 'valid' | number>('same', 'valid', 1, 2, 3),
  })
  .filter((d) => {
    const fits = (size: number, filter: number, dilation: number): boolean => {
      const pad = typeof d.padding === 'number' ? 2 * d.padding : 0;
      return d.padding === 'same' || size + pad >= (filter - 1) * dilation + 1;
    };
    return (
      fits(d.height, d.filter[0], d.dilationRate[0]) &&
      fits(d.width, d.filter[1], d.dilationRate[1])
    );
  })
  .map((d) =>
    convGeometry(
      [d.batch, d.height, d.width, d.groups * d.groupIn],
      [...d.filter, d.groupIn, d.groups * d.groupOut],
      {
        strides: d.strides,
        dilationRate: d.dilationRate,
        padding: d.padding,
        groups: d.groups,
      },
    ),
  )
  .filter((g) => sizes.y(g) * g.filterHeight * g.filterWidth * (g.inChannels / g.groups) < 4e5);

const runs = { numRuns: 60 };

describe('canonical convolutions of drawn shapes', () => {
  it('have the bits of the reference, signs of zeros included', () => {
    const padValues = fc.constantFrom<PadValue>(0, 1, -1);
    fc.assert(
      fc.property(geometries, padValues, fc.boolean(), fc.nat(), (g, padValue, bias, seed) => {
        // Many zeros of both signs, and sizes that tell one order of a sum from another.
        const values = (count: number, from: number) =>
          reals(count, seed + from).map((v, i) => (i % 3 === 0 ? 0 * v : v * 10 ** ((i % 9) - 4)));
        const { actual, right } = both({
          kernel: 'canonicalConv2d',
          inputs: [
            values(sizes.x(g), 0),
            values(sizes.filter(g), 1),
            ...(bias ? [values(g.outChannels, 2)] : []),
          ],
          outputLengths: [sizes.y(g)],
          call: (kernels, [x, kernel, biases], [y]) =>
            kernels.canonicalConv2d(x, kernel, biases, y, g, padValue),
        });
        expect(actual.outputs).toEqual(right.outputs);
      }),
      runs,
    );
  });
});

describe('convolutions of drawn shapes', () => {
  it('forward equals the reference', () => {
    fc.assert(
      fc.property(geometries, fc.nat(), (g, seed) =>
        expectEqual({
          kernel: 'conv2d',
          inputs: [integers(sizes.x(g), seed), integers(sizes.filter(g), seed + 1)],
          outputLengths: [sizes.y(g)],
          call: (kernels, [x, filter], [y]) => kernels.conv2d(x, filter, y, g),
        }),
      ),
      runs,
    );
  });

  it('the input gradient equals the reference', () => {
    fc.assert(
      fc.property(geometries, fc.nat(), (g, seed) =>
        expectEqual({
          kernel: 'conv2dInputGradient',
          inputs: [integers(sizes.y(g), seed), integers(sizes.filter(g), seed + 1)],
          outputLengths: [sizes.x(g)],
          call: (kernels, [dy, filter], [dx]) => kernels.conv2dInputGradient(dy, filter, dx, g),
        }),
      ),
      runs,
    );
  });

  it('the filter gradient equals the reference', () => {
    fc.assert(
      fc.property(geometries, fc.nat(), (g, seed) =>
        expectEqual({
          kernel: 'conv2dFilterGradient',
          inputs: [integers(sizes.x(g), seed), integers(sizes.y(g), seed + 1)],
          outputLengths: [sizes.filter(g)],
          call: (kernels, [x, dy], [dfilter]) => kernels.conv2dFilterGradient(x, dy, dfilter, g),
        }),
      ),
      runs,
    );
  });

  it('the convolution of signs equals the reference for every padding value', () => {
    const pads = fc.constantFrom<PadValue>(0, 1, -1);
    fc.assert(
      fc.property(geometries, pads, fc.nat(), (g, padValue, seed) =>
        expectEqual({
          kernel: 'signConv2d',
          inputs: [reals(sizes.x(g), seed), reals(sizes.filter(g), seed + 1)],
          outputLengths: [sizes.y(g)],
          call: (kernels, [x, kernel], [y]) => [kernels.signConv2d(x, kernel, y, g, padValue)],
        }),
      ),
      runs,
    );
  });

  it('both branches of the backward equal the reference', () => {
    const pads = fc.constantFrom<PadValue>(0, 1, -1);
    fc.assert(
      fc.property(geometries, pads, fc.nat(), (geometry, padValue, seed) =>
        expectEqual({
          kernel: 'signConv2dGradient',
          inputs: [
            integers(sizes.y(geometry), seed),
            integers(sizes.x(geometry), seed + 1),
            integers(sizes.filter(geometry), seed + 2),
            integers(sizes.filter(geometry), seed + 3),
          ],
          outputLengths: [sizes.x(geometry), sizes.filter(geometry), sizes.filter(geometry)],
          call: (kernels, [dy, x, kernel, auxiliary], [dx, dkernel, dauxiliary]) => {
            const said: number[] = [];
            kernels.signConv2dGradient({
              dy,
              x,
              kernel,
              auxiliary,
              dx,
              dkernel,
              dauxiliary,
              geometry,
              padValue,
              inputSurrogate: { kind: 'box', width: 2 },
              weightSurrogate: { kind: 'box', width: 1 },
              combine: ({ normB, normA, inner, clipped }) => {
                said.push(normB, normA, inner, clipped);
                return { binary: 1, auxiliary: 2, auxiliaryGradient: 0.5 };
              },
            });
            return said;
          },
        }),
      ),
      runs,
    );
  });
});

describe('sizes beyond the blocks', () => {
  it.each([
    { m: 133, k: 517, n: 1031 },
    { m: 1, k: 1000, n: 3 },
    { m: 260, k: 1, n: 9 },
    { m: 7, k: 0, n: 5 },
  ])('matrix product $m x $k x $n', ({ m, k, n }) => {
    for (const [transposeA, transposeB] of [
      [false, true],
      [true, false],
    ]) {
      expectEqual({
        kernel: 'matMul',
        inputs: [integers(m * k, 1), integers(k * n, 2)],
        outputLengths: [m * n],
        call: (kernels, [a, b], [c]) =>
          kernels.matMul(a, b, c, {
            batch: 1,
            m,
            k,
            n,
            transposeA,
            transposeB,
            strideA: 0,
            strideB: 0,
          }),
      });
    }
  });

  it('counts more bits than a byte holds, and more pixels than a strip', () => {
    const g = convGeometry([3, 11, 10, 130], [3, 3, 130, 9], { padding: 'same' });
    for (const padValue of [0, 1, -1] as const) {
      expectEqual({
        kernel: 'signConv2d',
        // All products -1: the largest count.
        inputs: [new Float32Array(sizes.x(g)).fill(-1), new Float32Array(sizes.filter(g)).fill(1)],
        outputLengths: [sizes.y(g)],
        call: (kernels, [x, kernel], [y]) => [kernels.signConv2d(x, kernel, y, g, padValue)],
      });
    }
  });

  it('sums a filter gradient over several chunks of pixels', () => {
    for (const channels of [1, 3, 8]) {
      const g = convGeometry([3, 17, 16, channels], [3, 3, channels, 10], { padding: 'same' });
      expectEqual({
        kernel: 'conv2dFilterGradient',
        inputs: [integers(sizes.x(g), 1), integers(sizes.y(g), 2)],
        outputLengths: [sizes.filter(g)],
        call: (kernels, [x, dy], [dfilter]) => kernels.conv2dFilterGradient(x, dy, dfilter, g),
      });
    }
  });

  it('keeps |difference| within 1e-5 of the sum of absolute products', () => {
    const [m, k, n] = [5, 3000, 7];
    const a = reals(m * k, 1);
    const b = reals(k * n, 2);
    const { actual } = both({
      kernel: 'matMul',
      inputs: [a, b],
      outputLengths: [m * n],
      call: (kernels, [atA, atB], [c]) =>
        kernels.matMul(atA, atB, c, {
          batch: 1,
          m,
          k,
          n,
          transposeA: false,
          transposeB: false,
          strideA: 0,
          strideB: 0,
        }),
    });
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let exact = 0;
        let absolute = 0;
        for (let p = 0; p < k; p++) {
          exact += a[i * k + p] * b[p * n + j];
          absolute += Math.abs(a[i * k + p] * b[p * n + j]);
        }
        expect(Math.abs(actual.outputs[0][i * n + j] - exact)).toBeLessThan(1e-5 * absolute);
      }
    }
  });
});
