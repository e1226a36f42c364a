/**
 * Matrix products: sizes around the micro-kernels' tiles, all transpositions, batches and broadcasts.
 */
import type { MatMulShape } from '../providers/provider.js';
import type { KernelCase } from './kernel-case.js';
import { integers, reals } from './numbers.js';

const sizesList: readonly (readonly [m: number, k: number, n: number, batch: number])[] = [
  [1, 1, 1, 1],
  [1, 7, 1, 1],
  [3, 5, 2, 1],
  [4, 8, 8, 2],
  [5, 9, 7, 3],
  [17, 33, 31, 1],
  [16, 64, 10, 1],
  [8, 1, 12, 1],
  [65, 130, 9, 1],
  [2, 3, 4, 0],
  [3, 0, 4, 1],
  [33, 257, 40, 1],
  [33, 64, 33, 6],
  [64, 32, 64, 24],
  [5, 3, 4, 100],
];

const shapes: readonly MatMulShape[] = sizesList.flatMap(([m, k, n, batch]) =>
  [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) => {
      const shape = { batch, m, k, n, transposeA, transposeB };
      const dense = { ...shape, strideA: m * k, strideB: k * n };
      if (batch < 2) return [dense];
      return [dense, { ...dense, strideA: 0 }, { ...dense, strideB: 0 }];
    }),
  ),
);

export const matMulCases: readonly KernelCase[] = shapes.flatMap((shape) =>
  [
    { make: integers, bound: 0 },
    { make: reals, bound: 2e-6 },
  ].map(({ make, bound }) => ({
    name: `${JSON.stringify(shape)} ${make.name}`,
    kernel: 'matMul' as const,
    inputs: [
      make(shape.strideA === 0 ? shape.m * shape.k : shape.batch * shape.strideA, 1),
      make(shape.strideB === 0 ? shape.k * shape.n : shape.batch * shape.strideB, 2),
    ],
    outputLengths: [shape.batch * shape.m * shape.n],
    bound,
    call: (kernels, [a, b], [c]) => kernels.matMul(a, b, c, shape),
  })),
);
