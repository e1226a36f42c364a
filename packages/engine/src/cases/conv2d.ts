/**
 * conv2d and its gradients: every geometry with whole numbers (exact) and with real ones.
 */
import { convGeometries, sizes, type NamedGeometry } from './geometries.js';
import type { KernelCase } from './kernel-case.js';
import { integers, reals } from './numbers.js';

const kinds = [
  { kind: 'integers', make: integers, bound: 0 },
  { kind: 'reals', make: reals, bound: 2e-6 },
] as const;

interface Form extends NamedGeometry {
  readonly bound: number;
  readonly x: Float32Array;
  readonly filter: Float32Array;
  readonly dy: Float32Array;
}

/** A geometry with numbers for all three products. */
export function form(
  { name, geometry }: NamedGeometry,
  make: (length: number, seed: number) => Float32Array,
  bound: number,
): Form {
  return {
    name,
    geometry,
    bound,
    x: make(sizes.x(geometry), 1),
    filter: make(sizes.filter(geometry), 2),
    dy: make(sizes.y(geometry), 3),
  };
}

export const product = (f: Form): KernelCase => ({
  name: f.name,
  kernel: 'conv2d',
  inputs: [f.x, f.filter],
  outputLengths: [f.dy.length],
  bound: f.bound,
  call: (kernels, [x, filter], [y]) => kernels.conv2d(x, filter, y, f.geometry),
});

export const inputGradient = (f: Form): KernelCase => ({
  name: f.name,
  kernel: 'conv2dInputGradient',
  inputs: [f.dy, f.filter],
  outputLengths: [f.x.length],
  bound: f.bound,
  call: (kernels, [dy, filter], [dx]) => kernels.conv2dInputGradient(dy, filter, dx, f.geometry),
});

export const filterGradient = (f: Form): KernelCase => ({
  name: f.name,
  kernel: 'conv2dFilterGradient',
  inputs: [f.x, f.dy],
  outputLengths: [f.filter.length],
  bound: f.bound,
  call: (kernels, [x, dy], [dfilter]) => kernels.conv2dFilterGradient(x, dy, dfilter, f.geometry),
});

const forms = convGeometries.flatMap(({ name, geometry }) =>
  kinds.map(({ kind, make, bound }) => form({ name: `${name} ${kind}`, geometry }, make, bound)),
);

export const conv2dCases = forms.map(product);
export const conv2dInputGradientCases = forms.map(inputGradient);
export const conv2dFilterGradientCases = forms.map(filterGradient);
