/** The kernels of texts: Phi against values of 40 digits, layer norm and attention against plain loops, on every set of kernels of this package. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dumpIntegers } from '../dump/integers.js';
import { interpret } from '../dump/interpreter.fixture.js';
import { everyModel } from '../execute/every-model.fixture.js';
import { modelOf } from '../format/models.fixture.js';
import type { ModelSource } from '../format/model-source.js';
import { gelu } from './elementwise.js';
import { normalBelow } from './normal.js';

/** mpmath.ncdf with 40 digits, to float64. */
const below: readonly (readonly [x: number, phi: number])[] = [
  ...([
    [0, 0.5],
    [0.25, 0.5987063256829237],
    [-0.25, 0.4012936743170763],
    [0.5, 0.6914624612740131],
    [-0.75, 0.2266273523768682],
    [1, 0.8413447460685429],
    [-1, 0.15865525393145705],
    [1.19, 0.8829768039768913],
    [-1.2, 0.11506967022170828],
    [1.5, 0.9331927987311419],
    [-1.5, 0.06680720126885807],
    [1.76, 0.9607960967125173],
    [-1.77, 0.03836357036287123],
    [2, 0.9772498680518208],
    [-2, 0.02275013194817921],
  ] as const),
  ...([
    [-2.5, 0.006209665325776135],
    [3, 0.9986501019683699],
    [-3, 0.0013498980316300946],
    [-4, 3.1671241833119924e-5],
    [-4.04, 2.6725600719492083e-5],
    [-4.05, 2.5608816474041506e-5],
    [5, 0.9999997133484281],
    [-5, 2.866515718791939e-7],
    [-6, 9.86587645037698e-10],
    [-8, 6.220960574271784e-16],
    [-10, 7.619853024160525e-24],
    [-13, 6.11716439954988e-39],
  ] as const),
];

describe('Phi', () => {
  it.each(below)('of %d is %d', (x, phi) => {
    const bound = x > -1.7 ? 1e-15 : x >= -6 ? 1e-14 : 5e-14;
    expect(Math.abs(normalBelow(x) / phi - 1)).toBeLessThan(bound);
  });

  it('has the right ends', () => {
    expect([40, Infinity, -40, -Infinity, NaN].map(normalBelow)).toEqual([1, 1, 0, 0, NaN]);
  });

  it('is symmetric, and rises', () => {
    fc.assert(
      fc.property(fc.double({ min: -8, max: 4, noNaN: true }), (x) => {
        expect(Math.abs(normalBelow(x) + normalBelow(-x) - 1)).toBeLessThan(5e-16);
        expect(normalBelow(x + 1e-6)).toBeGreaterThan(normalBelow(x));
      }),
    );
  });
});

it('gelu is x Phi(x), rounded once, and keeps a NaN', () => {
  for (const [x, phi] of below) {
    const exact = x * phi;
    expect(Math.abs(gelu(x) - exact)).toBeLessThanOrEqual(2 ** -24 * Math.abs(exact) + 2 ** -149);
  }
  expect([NaN, Infinity, 0, -0].map(gelu)).toEqual([NaN, Infinity, 0, -0]);
});

it('gelu of a number below 0 is below 0', () => {
  for (const x of [-13, -20, -40, -3e38, -Infinity, -(2 ** -149)]) {
    expect(gelu(x)).toBeLessThan(0);
    expect(gelu(x)).toBeGreaterThan(-1e-36);
  }
});

/** Numbers that repeat, about one in 5 of them 0. */
function numbers(count: number, seed: number): Float32Array {
  let state = Math.imul(seed + 1, 2654435761);
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % 5 === 0 ? 0 : (state / 2 ** 31 - 1) * 3;
  });
}

/** The runtime's numbers are those of a stranger who reads docs/format.md. */
function expectAsThePage(source: ModelSource, x: Float32Array): Float32Array {
  const y = everyModel(source).run(x);
  const expected = Float32Array.from(interpret(dumpIntegers(source), [...x]));
  const wrong = y.findIndex((value, i) => !Object.is(value, expected[i]));
  if (wrong >= 0) expect.fail(`number ${wrong} is ${y[wrong]} instead of ${expected[wrong]}`);
  return y;
}

/** Pieces, width, heads: alone, one head, no multiple of a word, longer than words. */
const shapes = [
  ...([
    [1, 1, 1],
    [1, 8, 2],
    [2, 33, 1],
    [3, 31, 31],
    [24, 256, 4],
    [31, 64, 1],
    [32, 64, 2],
    [33, 96, 3],
  ] as const),
  ...([
    [40, 37, 1],
    [17, 70, 7],
    [65, 130, 2],
    [100, 35, 5],
    [9, 20, 20],
    [16, 192, 1],
    [512, 64, 1],
    [130, 48, 3],
  ] as const),
];

describe.each(shapes)('a text of %d pieces, %d channels, %d heads', (pieces, width, heads) => {
  const input = { name: 'x', shape: [pieces, width] };
  const x = numbers(pieces * width, pieces + width);
  const sign = { name: 'signs', op: 'sign', attributes: { values: 'bits' } } as const;
  const same = ['signs', 'signs', 'signs'];

  it('layer norm', () => {
    const attributes = { epsilon: 1e-12 };
    expectAsThePage(modelOf(input, [{ name: 'norm', op: 'layerNorm', attributes }]), x);
  });

  it('softmax attention, also of one query', () => {
    const attributes = { heads, scale: 0.3 };
    const attend = { name: 'attend', op: 'softmaxAttention', attributes } as const;
    const whole = { ...attend, inputs: ['x', 'x', 'x'] };
    const y = expectAsThePage(modelOf(input, [whole]), x);
    const first = { name: 'first', op: 'firstRow', attributes: {} } as const;
    const one = expectAsThePage(
      modelOf(input, [first, { ...attend, inputs: ['first', 'x', 'x'] }]),
      x,
    );
    expect(one).toEqual(y.subarray(0, width));
  });

  it('bit attention, also of one query', () => {
    const attend = { name: 'attend', op: 'bitAttention', attributes: { heads } } as const;
    const y = expectAsThePage(modelOf(input, [sign, { ...attend, inputs: same }]), x);
    const first = { name: 'first', op: 'firstRow', attributes: {} } as const;
    const one = expectAsThePage(
      modelOf(input, [sign, first, { ...attend, inputs: ['first', 'signs', 'signs'] }]),
      x,
    );
    expect(one).toEqual(y.subarray(0, width));
  });

  it.each([
    [0.125, 0.6 / pieces],
    [1, 0.3],
    [1e-4, 1 / pieces],
    [3, 1e-40],
  ])('elastic attention, factor %d, bound %d', (factor, least) => {
    const attributes = { heads, factor, least };
    const attend = { name: 'attend', op: 'elasticAttention', attributes, inputs: same } as const;
    expectAsThePage(modelOf(input, [sign, attend]), x);
  });
});
