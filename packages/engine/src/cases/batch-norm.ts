/**
 * Batch norm forward and backward: channel counts around vector widths, one row, many rows, a mean far
 * from zero (where a variance from raw moments in float32 would drown).
 */
import { batchNorm } from '../providers/reference/batch-norm.js';
import type { KernelCase } from './kernel-case.js';
import { positives, reals } from './numbers.js';

const forms = (
  [
    [1, 1],
    [2, 3],
    [7, 4],
    [12, 5],
    [50, 16],
    [33, 17],
    [9, 130],
    [400, 8],
  ] as const
).flatMap(([rows, channels]) =>
  [0, 100].map((offset) => ({
    name: `${rows} rows of ${channels}, mean near ${offset}`,
    channels,
    attrs: { epsilon: 1e-3 },
    x: reals(rows * channels, 1).map((v) => v + offset),
    dy: reals(rows * channels, 2),
    gamma: positives(channels, 3),
    beta: reals(channels, 4),
    // A variance of one row is 0, and 1 / sqrt(epsilon) then magnifies whatever rounding x - mean has.
    bound: offset === 0 ? 1e-5 : 1e-4,
  })),
);

export const batchNormCases: readonly KernelCase[] = forms.map((f) => ({
  name: f.name,
  kernel: 'batchNorm',
  inputs: [f.x, f.gamma, f.beta],
  outputLengths: [f.x.length, f.channels, f.channels],
  bound: f.bound,
  call: (kernels, [x, gamma, beta], [y, mean, variance]) =>
    kernels.batchNorm(x, gamma, beta, y, mean, variance, f.attrs),
}));

export const batchNormGradientCases: readonly KernelCase[] = forms.map((f) => {
  const mean = new Float32Array(f.channels);
  const variance = new Float32Array(f.channels);
  batchNorm(f.x, f.gamma, f.beta, new Float32Array(f.x.length), mean, variance, f.attrs);
  return {
    name: f.name,
    kernel: 'batchNormGradient',
    inputs: [f.dy, f.x, f.gamma, mean, variance],
    outputLengths: [f.x.length, f.channels, f.channels],
    bound: f.bound,
    call: (kernels, [dyView, x, gamma, meanView, varianceView], [dx, dgamma, dbeta]) =>
      kernels.batchNormGradient(
        dyView,
        x,
        gamma,
        meanView,
        varianceView,
        dx,
        dgamma,
        dbeta,
        f.attrs,
      ),
  };
});
