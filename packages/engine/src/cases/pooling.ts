/**
 * Poolings and their gradients: windows that overlap, leave gaps, hang over the border; ties in a maximum.
 */
import { convGeometry, type ConvOptions } from '@surge-bnn/contract';
import type { PoolGeometry } from '../providers/provider.js';
import { sizes } from './geometries.js';
import type { KernelCase } from './kernel-case.js';
import { integers, reals } from './numbers.js';

type Form = readonly [
  shape: readonly [batch: number, height: number, width: number, channels: number],
  filter: readonly [height: number, width: number],
  options: ConvOptions,
];

const list: readonly Form[] = [
  [[1, 2, 2, 1], [2, 2], { strides: 2 }],
  [[2, 6, 6, 3], [2, 2], { strides: 2 }],
  [[2, 7, 5, 4], [2, 2], { strides: 2, padding: 'same' }],
  [[1, 7, 7, 5], [3, 3], { strides: 2, padding: 'same' }],
  [[1, 6, 6, 16], [3, 3], { strides: 1 }],
  [[2, 6, 7, 17], [3, 2], { strides: [2, 3], padding: 'same' }],
  [[1, 8, 8, 33], [2, 2], { strides: 3 }],
  [[2, 4, 4, 8], [4, 4], { strides: 4 }],
  [[1, 5, 5, 2], [1, 1], { strides: 2 }],
  [[1, 9, 9, 3], [3, 3], { strides: 1, dilationRate: 2, padding: 'same' }],
  [[0, 4, 4, 3], [2, 2], { strides: 2 }],
  [[1, 5, 4, 130], [3, 3], { strides: 2, padding: 1 }],
];

const forms = list.map(([shape, [height, width], options]) => {
  const geometry: PoolGeometry = convGeometry(shape, [height, width, shape[3], shape[3]], options);
  const outputs = geometry.batch * geometry.outHeight * geometry.outWidth * geometry.inChannels;
  return {
    name: `[${shape}] ${height}x${width} ${JSON.stringify(options)}`,
    geometry,
    outputs,
    inputs: sizes.x(geometry),
  };
});

/** Few different values, so that most windows hold their maximum more than once. */
const values = [
  { kind: 'ties', make: integers },
  { kind: 'reals', make: reals },
];

export const maxPoolCases: readonly KernelCase[] = forms.flatMap((f) =>
  values.map(({ kind, make }) => ({
    name: `${f.name} ${kind}`,
    kernel: 'maxPool' as const,
    inputs: [make(f.inputs, 1)],
    outputLengths: [f.outputs],
    bound: 0,
    call: (kernels, [x], [y]) => kernels.maxPool(x, y, f.geometry),
  })),
);

export const maxPoolGradientCases: readonly KernelCase[] = forms.flatMap((f) =>
  values.map(({ kind, make }) => ({
    name: `${f.name} ${kind}`,
    kernel: 'maxPoolGradient' as const,
    inputs: [integers(f.outputs, 2), make(f.inputs, 1)],
    outputLengths: [f.inputs],
    bound: 0,
    call: (kernels, [dy, x], [dx]) => kernels.maxPoolGradient(dy, x, dx, f.geometry),
  })),
);

export const avgPoolCases: readonly KernelCase[] = forms.map((f) => ({
  name: f.name,
  kernel: 'avgPool',
  inputs: [reals(f.inputs, 1)],
  outputLengths: [f.outputs],
  bound: 1e-6,
  call: (kernels, [x], [y]) => kernels.avgPool(x, y, f.geometry),
}));

export const avgPoolGradientCases: readonly KernelCase[] = forms.map((f) => ({
  name: f.name,
  kernel: 'avgPoolGradient',
  inputs: [reals(f.outputs, 2)],
  outputLengths: [f.inputs],
  bound: 1e-6,
  call: (kernels, [dy], [dx]) => kernels.avgPoolGradient(dy, dx, f.geometry),
}));
