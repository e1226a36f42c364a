/**
 * Batch norm forward and backward: channel counts around vector widths, one row, many rows, a mean far
 * from zero (where a variance from raw moments in float32 would drown). The forward also with a shortcut and bounds behind it,
 * both or one, and what is not a number.
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
    shortcut: reals(rows * channels, 5),
    // A variance of one row is 0, and 1 / sqrt(epsilon) then magnifies whatever rounding x - mean has.
    bound: offset === 0 ? 1e-5 : 1e-4,
  })),
);

const special = Float32Array.of(NaN, Infinity, -Infinity, 0.5);

/** Numbers that are none: in the shortcut they stay where they stand, in x they take their channel with them. */
const notNumbers = [
  { name: 'specials in the shortcut', x: 0, shortcut: 4 },
  { name: 'a NaN in x', x: 1, shortcut: 0 },
].map(({ name, x, shortcut }) => ({
  ...forms[4],
  name: `${name}, ${forms[4].name}`,
  x: forms[4].x.map((v, i) => (i < x ? NaN : v)),
  shortcut: forms[4].shortcut.map((v, i) => (i < shortcut ? special[i] : v)),
}));

interface Tail {
  readonly name: string;
  readonly hasShortcut: boolean;
  readonly bounds: { readonly low?: number; readonly high?: number };
}

const tails: readonly Tail[] = [
  { name: '', hasShortcut: false, bounds: {} },
  { name: ', plus a shortcut', hasShortcut: true, bounds: {} },
  { name: ', plus a shortcut within [-1, 1]', hasShortcut: true, bounds: { low: -1, high: 1 } },
  { name: ', plus a shortcut above -0.1', hasShortcut: true, bounds: { low: -0.1 } },
  { name: ', within [-1, 1]', hasShortcut: false, bounds: { low: -1, high: 1 } },
  { name: ', below 0.3', hasShortcut: false, bounds: { high: 0.3 } },
];

export const batchNormCases: readonly KernelCase[] = [...forms, ...notNumbers].flatMap((f) =>
  tails.map((tail): KernelCase => ({
    name: f.name + tail.name,
    kernel: 'batchNorm',
    inputs: [f.x, f.gamma, f.beta, ...(tail.hasShortcut ? [f.shortcut] : [])],
    outputLengths: [f.x.length, f.channels, f.channels],
    bound: f.bound,
    call: (kernels, [x, gamma, beta, shortcut], [y, mean, variance]) => {
      const attrs = { ...f.attrs, ...tail.bounds };
      kernels.batchNorm(x, gamma, beta, shortcut, y, mean, variance, attrs);
    },
  })),
);

/** The statistics that a backward gets. */
function statistics(f: (typeof forms)[number]): { mean: Float32Array; variance: Float32Array } {
  const mean = new Float32Array(f.channels);
  const variance = new Float32Array(f.channels);
  batchNorm(f.x, f.gamma, f.beta, undefined, new Float32Array(f.x.length), mean, variance, f.attrs);
  return { mean, variance };
}

export const batchNormGradientCases: readonly KernelCase[] = forms.map((f) => {
  const { mean, variance } = statistics(f);
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

export const batchNormAddClipGradientCases: readonly KernelCase[] = forms.flatMap((f) => {
  const { mean, variance } = statistics(f);
  // Outputs on both sides of the bounds, some of them exactly at one.
  const y = f.shortcut.map((v, i) => (i % 5 === 0 ? 1 : i % 7 === 0 ? -1 : v));
  const bounds = [
    [-1, 1],
    [-0.1, Infinity],
    [-Infinity, Infinity],
  ];
  return bounds.map(([low, high]): KernelCase => ({
    name: `${f.name}, within [${low}, ${high}]`,
    kernel: 'batchNormAddClipGradient',
    inputs: [f.dy, y, f.x, f.gamma, mean, variance],
    outputLengths: [f.x.length, f.channels, f.channels, f.x.length],
    bound: f.bound,
    call: (kernels, inputs, outputs) => {
      const [dyView, yView, x, gamma, meanView, varianceView] = inputs;
      const [dx, dgamma, dbeta, dsum] = outputs;
      kernels.batchNormAddClipGradient(
        dyView,
        yView,
        x,
        gamma,
        meanView,
        varianceView,
        dx,
        dgamma,
        dbeta,
        dsum,
        { ...f.attrs, low, high },
      );
    },
  }));
});
