/**
 * Layer norm forward and backward: row lengths around vector widths, no row, one row, many rows, a mean far
 * from zero, and the width of a transformer.
 */
import { layerNorm } from '../providers/reference/layer-norm.js';
import type { KernelCase } from './kernel-case.js';
import { positives, reals } from './numbers.js';

const forms = (
  [
    [0, 4],
    [1, 1],
    [2, 3],
    [7, 4],
    [12, 5],
    [50, 16],
    [33, 17],
    [9, 130],
    [5, 768],
  ] as const
).flatMap(([rows, channels]) =>
  [0, 100].map((offset) => ({
    name: `${rows} rows of ${channels}, mean near ${offset}`,
    rows,
    channels,
    attrs: { epsilon: 1e-3 },
    x: reals(rows * channels, 1).map((v) => v + offset),
    dy: reals(rows * channels, 2),
    gamma: positives(channels, 3).map((v, i) => (i % 3 === 1 ? -v : v)),
    beta: reals(channels, 4),
    // A row of nearly equal entries: 1 / sqrt(epsilon) magnifies whatever rounding x - mean has.
    bound: offset === 0 ? 1e-5 : 1e-4,
  })),
);

export const layerNormCases: readonly KernelCase[] = forms.map((f) => ({
  name: f.name,
  kernel: 'layerNorm',
  inputs: [f.x, f.gamma, f.beta],
  outputLengths: [f.x.length, f.rows, f.rows],
  bound: f.bound,
  call: (kernels, [x, gamma, beta], [y, mean, inverseStd]) =>
    kernels.layerNorm(x, gamma, beta, y, mean, inverseStd, f.attrs),
}));

export const layerNormGradientCases: readonly KernelCase[] = forms.map((f) => {
  const mean = new Float32Array(f.rows);
  const inverseStd = new Float32Array(f.rows);
  layerNorm(f.x, f.gamma, f.beta, new Float32Array(f.x.length), mean, inverseStd, f.attrs);
  return {
    name: f.name,
    kernel: 'layerNormGradient',
    inputs: [f.dy, f.x, f.gamma, mean, inverseStd],
    outputLengths: [f.x.length, f.channels, f.channels],
    bound: f.bound,
    call: (kernels, [dy, x, gamma, meanView, inverseStdView], [dx, dgamma, dbeta]) =>
      kernels.layerNormGradient(dy, x, gamma, meanView, inverseStdView, dx, dgamma, dbeta),
  };
});
