/**
 * conv2d and its gradients: every geometry with whole numbers (exact) and with real ones.
 */
import { convGeometries, sizes } from './geometries.js';
import type { KernelCase } from './kernel-case.js';
import { integers, reals } from './numbers.js';

const kinds = [
  { kind: 'integers', make: integers, bound: 0 },
  { kind: 'reals', make: reals, bound: 2e-6 },
] as const;

const forms = convGeometries.flatMap(({ name, geometry }) =>
  kinds.map(({ kind, make, bound }) => ({
    name: `${name} ${kind}`,
    geometry,
    bound,
    x: make(sizes.x(geometry), 1),
    filter: make(sizes.filter(geometry), 2),
    dy: make(sizes.y(geometry), 3),
  })),
);

export const conv2dCases: readonly KernelCase[] = forms.map((f) => ({
  name: f.name,
  kernel: 'conv2d',
  inputs: [f.x, f.filter],
  outputLengths: [f.dy.length],
  bound: f.bound,
  call: (kernels, [x, filter], [y]) => kernels.conv2d(x, filter, y, f.geometry),
}));

export const conv2dInputGradientCases: readonly KernelCase[] = forms.map((f) => ({
  name: f.name,
  kernel: 'conv2dInputGradient',
  inputs: [f.dy, f.filter],
  outputLengths: [f.x.length],
  bound: f.bound,
  call: (kernels, [dy, filter], [dx]) => kernels.conv2dInputGradient(dy, filter, dx, f.geometry),
}));

export const conv2dFilterGradientCases: readonly KernelCase[] = forms.map((f) => ({
  name: f.name,
  kernel: 'conv2dFilterGradient',
  inputs: [f.x, f.dy],
  outputLengths: [f.filter.length],
  bound: f.bound,
  call: (kernels, [x, dy], [dfilter]) => kernels.conv2dFilterGradient(x, dy, dfilter, f.geometry),
}));
