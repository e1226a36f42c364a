/**
 * Element-wise kernels, sums and fill: lengths around vector widths, every broadcast that BinaryLayout can
 * say, outputs in place, and the numbers that are not numbers.
 */
import type { BinaryOp, UnaryOp } from '../providers/provider.js';
import type { KernelCase } from './kernel-case.js';
import { positives, reals } from './numbers.js';

const lengths = [0, 1, 3, 4, 15, 16, 33, 130];

/** One rounding: the bits are the standard's. Two or more, or a polynomial: a bound. */
const unaryBounds: Readonly<Record<UnaryOp, number>> = {
  relu: 0,
  step: 0,
  neg: 0,
  abs: 0,
  square: 0,
  sqrt: 0,
  rsqrt: 1e-6,
  exp: 1e-6,
  log: 1e-6,
  sign: 0,
};

const domainIsPositive: ReadonlySet<UnaryOp> = new Set<UnaryOp>(['sqrt', 'rsqrt', 'log']);
const specials = Float32Array.of(NaN, 0, -0, Infinity, -Infinity, 1, -1);

export const unaryCases: readonly KernelCase[] = (
  Object.entries(unaryBounds) as [UnaryOp, number][]
).flatMap(([op, bound]) => {
  const make = domainIsPositive.has(op) ? positives : reals;
  const inputs = [...lengths.map((length) => make(length, 1)), specials];
  return inputs.map((x) => ({
    name: `${op} of ${x === specials ? 'special values' : x.length}`,
    kernel: 'unary' as const,
    inputs: [x],
    outputLengths: [x.length],
    bound,
    call: (kernels, [xView], [y]) => kernels.unary(op, xView, y),
  }));
});

const binaryBounds: Readonly<Record<BinaryOp, number>> = {
  add: 0,
  sub: 0,
  mul: 0,
  div: 0,
  max: 0,
  min: 0,
  squaredDifference: 1e-6,
};

/** Length of a, length of b, inner. */
const layouts = [
  [0, 1, 1],
  [1, 1, 1],
  [130, 1, 1],
  [33, 33, 1],
  [130, 130, 1],
  [48, 16, 1],
  [51, 17, 1],
  [12, 3, 1],
  [48, 3, 16],
  [35, 7, 5],
  [60, 5, 4],
  [120, 5, 6],
  [130, 1, 130],
] as const;

export const binaryCases: readonly KernelCase[] = (
  Object.entries(binaryBounds) as [BinaryOp, number][]
).flatMap(([op, bound]) =>
  layouts.flatMap(([lengthA, lengthB, inner]) =>
    [false, true].map((swapped) => ({
      name: `${op}, ${lengthB} over ${lengthA}, inner ${inner}, swapped ${swapped}`,
      kernel: 'binary' as const,
      // Divisors stay away from 0.
      inputs: [positives(lengthA, 1), positives(lengthB, 2)],
      outputLengths: [lengthA],
      bound,
      call: (kernels, [a, b], [y]) => kernels.binary(op, a, b, y, { inner, swapped }),
    })),
  ),
);

export const binaryInPlaceCases: readonly KernelCase[] = layouts.map(
  ([lengthA, lengthB, inner]) => ({
    name: `add into its own input, ${lengthB} over ${lengthA}, inner ${inner}`,
    kernel: 'binary',
    inputs: [reals(lengthA, 1), reals(lengthB, 2)],
    outputLengths: [lengthA],
    bound: 0,
    call: (kernels, [a, b], [y]) => {
      y.set(a);
      kernels.binary('add', y, b, y, { inner, swapped: false });
      kernels.unary('relu', y, y);
    },
  }),
);

export const clipCases: readonly KernelCase[] = lengths
  .map((length) => reals(length, 1))
  .concat(specials)
  .map((x) => ({
    name: `clip of ${x === specials ? 'special values' : x.length}`,
    kernel: 'clip',
    inputs: [x],
    outputLengths: [x.length],
    bound: 0,
    call: (kernels, [xView], [y]) => kernels.clip(xView, y, -0.75, 1),
  }));

const slopes = [
  [0, 1],
  [7, 1],
  [130, 1],
  [12, 3],
  [64, 16],
  [51, 17],
  [33, 33],
] as const;

export const preluCases: readonly KernelCase[] = slopes.map(([length, channels]) => ({
  name: `${channels} slopes over ${length}`,
  kernel: 'prelu',
  inputs: [reals(length, 1), reals(channels, 2)],
  outputLengths: [length],
  bound: 0,
  call: (kernels, [x, alpha], [y]) => kernels.prelu(x, alpha, y),
}));

export const preluGradientCases: readonly KernelCase[] = slopes.map(([length, channels]) => ({
  name: `${channels} slopes over ${length}`,
  kernel: 'preluGradient',
  inputs: [reals(length, 3), reals(length, 1), reals(channels, 2)],
  outputLengths: [length, channels],
  bound: 1e-6,
  call: (kernels, [dy, x, alpha], [dx, dalpha]) => kernels.preluGradient(dy, x, alpha, dx, dalpha),
}));

/** What stands at positive inputs must not leak into the slope's gradient. */
export const preluGradientSpecialCases: readonly KernelCase[] = [1, 4].map((channels) => ({
  name: `${channels} slopes, gradients that are not numbers`,
  kernel: 'preluGradient',
  inputs: [
    Float32Array.of(NaN, Infinity, -Infinity, 3, 1, 2, 0, -0),
    Float32Array.of(1, 2, Infinity, -Infinity, 0, -0, -1, -2),
    reals(channels, 2),
  ],
  outputLengths: [8, channels],
  bound: 1e-6,
  call: (kernels, [dy, x, alpha], [dx, dalpha]) => kernels.preluGradient(dy, x, alpha, dx, dalpha),
}));

export const sumCases: readonly KernelCase[] = (
  [
    [1, 1, 1],
    [1, 130, 1],
    [4, 33, 1],
    [1, 33, 5],
    [1, 50, 16],
    [3, 7, 17],
    [5, 1, 4],
    [2, 0, 3],
    [0, 4, 3],
    [2, 1000, 3],
  ] as const
).map(([outer, reduced, inner]) => ({
  name: `[${outer}, ${reduced}, ${inner}]`,
  kernel: 'sum',
  inputs: [reals(outer * reduced * inner, 1)],
  outputLengths: [outer * inner],
  bound: 1e-6,
  call: (kernels, [x], [y]) => kernels.sum(x, y, outer, reduced, inner),
}));

export const fillCases: readonly KernelCase[] = lengths.flatMap((length) =>
  [0, -0.1, Infinity, NaN].map((value) => ({
    name: `${length} times ${value}`,
    kernel: 'fill' as const,
    inputs: [],
    outputLengths: [length],
    bound: 0,
    call: (kernels, _inputs, [y]) => kernels.fill(y, value),
  })),
);
