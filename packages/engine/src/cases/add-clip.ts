/**
 * The activation behind a shortcut: lengths around vector widths, with and without the second summand, in place, bounds
 * that float32 does not hold exactly, and the numbers that are not numbers. One rounding and comparisons: exact.
 */
import type { KernelCase } from './kernel-case.js';
import { reals } from './numbers.js';

const lengths = [0, 1, 2, 3, 4, 5, 16, 33, 130];
const bounds = [
  [-1, 1],
  [0, 6],
  [-0.1, 0.3],
] as const;

const specials = Float32Array.of(NaN, 0, -0, Infinity, -Infinity, 1, -1, 0.5, NaN);
const others = Float32Array.of(1, -0, -0, -Infinity, 3, 0, 0, NaN, NaN);
/** What the bounds are as float32, and their neighbours. */
const atBounds = Float32Array.of(
  -1,
  1,
  0,
  6,
  -0.1,
  0.3,
  1 - 2 ** -24,
  2 ** -149,
  NaN,
  Infinity,
  0.2,
);

export const addClipCases: readonly KernelCase[] = bounds.flatMap(([low, high]) => [
  ...lengths.flatMap((length): KernelCase[] => [
    {
      name: `${length} sums within [${low}, ${high}]`,
      kernel: 'addClip',
      inputs: [reals(length, 1), reals(length, 2)],
      outputLengths: [length],
      bound: 0,
      call: (kernels, [a, b], [y]) => kernels.addClip(a, b, y, low, high),
    },
    {
      name: `${length} numbers within [${low}, ${high}]`,
      kernel: 'addClip',
      inputs: [reals(length, 1)],
      outputLengths: [length],
      bound: 0,
      call: (kernels, [a], [y]) => kernels.addClip(a, undefined, y, low, high),
    },
  ]),
  {
    name: `special values within [${low}, ${high}]`,
    kernel: 'addClip',
    inputs: [specials, others],
    outputLengths: [specials.length, specials.length],
    bound: 0,
    call: (kernels, [a, b], [sums, alone]) => {
      kernels.addClip(a, b, sums, low, high);
      kernels.addClip(a, undefined, alone, low, high);
    },
  },
  {
    name: `into the second summand, within [${low}, ${high}]`,
    kernel: 'addClip',
    inputs: [reals(37, 1), reals(37, 2)],
    outputLengths: [37],
    bound: 0,
    call: (kernels, [a, b], [y]) => {
      y.set(b);
      kernels.addClip(a, y, y, low, high);
    },
  },
]);

export const addClipGradientCases: readonly KernelCase[] = bounds.flatMap(([low, high]) => [
  ...lengths.map((length): KernelCase => ({
    name: `${length} gradients within [${low}, ${high}]`,
    kernel: 'addClipGradient',
    inputs: [reals(length, 3), reals(length, 1)],
    outputLengths: [length],
    bound: 0,
    call: (kernels, [dy, y], [dx]) => kernels.addClipGradient(dy, y, dx, low, high),
  })),
  {
    name: `at the bounds of [${low}, ${high}], where dy may be anything`,
    kernel: 'addClipGradient',
    inputs: [Float32Array.of(NaN, Infinity, 1, 2, 3, 4, 5, 6, 7, NaN, NaN), atBounds],
    outputLengths: [atBounds.length],
    bound: 0,
    call: (kernels, [dy, y], [dx]) => kernels.addClipGradient(dy, y, dx, low, high),
  },
]);
