/**
 * Rows looked up, summed by segment, transposed, and runs copied: row lengths around vector widths, repeated ids, ids outside,
 * segments that nobody names, every order of up to four axes, runs with and without numbers between them. All exact.
 */
import type { KernelCase } from './kernel-case.js';
import { reals, uniform } from './numbers.js';

/** Cases have float32 arrays as inputs: ids travel as the bits of one. */
const bitsOf = (ids: Int32Array): Float32Array => new Float32Array(ids.buffer);
const idsOf = (bits: Float32Array): Int32Array =>
  new Int32Array(bits.buffer, bits.byteOffset, bits.length);

function someIds(count: number, from: number, to: number, seed: number): Int32Array {
  const next = uniform(seed);
  return Int32Array.from({ length: count }, () => from + Math.floor(next() * (to - from)));
}

/** Rows of the table, ids, entries of a row. */
const tables = [
  [1, 1, 1],
  [3, 0, 4],
  [5, 9, 3],
  [4, 6, 4],
  [7, 40, 17],
  [30, 11, 130],
  [2, 5, 0],
] as const;

export const gatherCases: readonly KernelCase[] = tables.map(([rows, count, inner]) => ({
  name: `${count} of ${rows} rows of ${inner}`,
  kernel: 'gather',
  inputs: [reals(rows * inner, 1), bitsOf(someIds(count, 0, rows, 2))],
  outputLengths: [count * inner],
  bound: 0,
  call: (kernels, [x, ids], [y]) => kernels.gather(x, idsOf(ids), y, inner),
}));

export const segmentSumCases: readonly KernelCase[] = tables.map(([rows, count, inner]) => ({
  name: `${count} rows of ${inner} into ${rows}, some of them nowhere`,
  kernel: 'segmentSum',
  inputs: [reals(count * inner, 1), bitsOf(someIds(count, -1, rows + 1, 2))],
  outputLengths: [rows * inner],
  bound: 0,
  call: (kernels, [x, ids], [y]) => kernels.segmentSum(x, idsOf(ids), y, inner),
}));

/** Shape of x and the axes of x in the order of y. */
const permutations: readonly (readonly [shape: readonly number[], perm: readonly number[]])[] = [
  [[5], [0]],
  [
    [1, 7],
    [1, 0],
  ],
  [
    [4, 4],
    [1, 0],
  ],
  [
    [9, 6],
    [1, 0],
  ],
  [
    [33, 70],
    [1, 0],
  ],
  [
    [2, 5, 7],
    [0, 2, 1],
  ],
  [
    [2, 5, 7],
    [1, 0, 2],
  ],
  [
    [3, 5, 7],
    [2, 1, 0],
  ],
  [
    [2, 9, 3, 8],
    [0, 2, 1, 3],
  ],
  [
    [2, 5, 3, 4],
    [3, 1, 0, 2],
  ],
  [
    [2, 6, 3, 9],
    [2, 0, 3, 1],
  ],
  [
    [2, 0, 3],
    [2, 1, 0],
  ],
];

export const transposeCases: readonly KernelCase[] = permutations.map(([shape, perm]) => {
  const entries = shape.reduce((a, b) => a * b, 1);
  const sizes = perm.map((axis) => shape[axis]);
  const steps = perm.map((axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  return {
    name: `[${shape}] by [${perm}]`,
    kernel: 'transpose',
    inputs: [reals(entries, 1)],
    outputLengths: [entries],
    bound: 0,
    call: (kernels, [x], [y]) => kernels.transpose(x, y, sizes, steps),
  };
});

/** Runs, entries of a run; entries before and behind each in x, and in y. The large ones are shared out among threads in mid-run. */
const runs = [
  [1, 1, 0, 0, 0, 0],
  [1, 9, 3, 2, 0, 4],
  [7, 1, 0, 0, 2, 1],
  [5, 3, 1, 0, 0, 0],
  [6, 4, 0, 0, 1, 0],
  [9, 16, 0, 0, 8, 8],
  [4, 17, 2, 3, 5, 0],
  [3, 63, 1, 0, 0, 1],
  [3, 64, 0, 1, 1, 0],
  [2, 130, 7, 7, 0, 0],
  [3, 7001, 1, 0, 0, 5],
  [3000, 11, 5, 0, 1, 1],
  [0, 4, 0, 0, 1, 1],
  [5, 0, 1, 1, 0, 2],
] as const;

export const copyRunsCases: readonly KernelCase[] = runs.map(
  ([rows, length, xStart, xBehind, yStart, yBehind]) => {
    const [xStep, yStep] = [xStart + length + xBehind, yStart + length + yBehind];
    return {
      name: `${rows} runs of ${length}, every ${xStep} from ${xStart} to every ${yStep} from ${yStart}`,
      kernel: 'copyRuns',
      inputs: [reals(rows * xStep, 1)],
      // What lies between the runs is NaN before and must be after.
      outputLengths: [rows * yStep],
      bound: 0,
      call: (kernels, [x], [y]) =>
        kernels.copyRuns(x, y, { rows, length, xStart, xStep, yStart, yStep }),
    };
  },
);
