/**
 * The convolution of canonical evaluation: every geometry with and without bias, every padding value; numbers of very
 * different sizes, whose sums tell one order from another; weights that are not finite beside padding. All exact.
 */
import type { PadValue } from '@surge-bnn/contract';
import { convGeometries, sizes, type NamedGeometry } from './geometries.js';
import type { KernelCase } from './kernel-case.js';
import { reals } from './numbers.js';

/** Magnitudes over ten decades: most orders of their sum differ even after rounding to float32. */
function spread(count: number, seed: number): Float32Array {
  return reals(count, seed).map((value, i) => value * 10 ** (((7 * i + seed) % 11) - 5));
}

export function canonicalCase(
  { name, geometry }: NamedGeometry,
  padValue: PadValue,
  withBias: boolean,
  kernel: Float32Array,
): KernelCase {
  const bias = withBias ? [spread(geometry.outChannels, 3)] : [];
  return {
    name,
    kernel: 'canonicalConv2d',
    inputs: [spread(sizes.x(geometry), 1), kernel, ...bias],
    outputLengths: [sizes.y(geometry)],
    bound: 0,
    call: (kernels, [x, weights, biases], [y]) =>
      kernels.canonicalConv2d(x, weights, biases, y, geometry, padValue),
  };
}

const padValues: readonly PadValue[] = [0, 1, -1];

export const canonicalConv2dCases: readonly KernelCase[] = [
  ...convGeometries.flatMap((form) =>
    padValues.flatMap((padValue) =>
      [false, true].map((bias) => {
        const name = `${form.name} pad ${padValue}${bias ? ', bias' : ''}`;
        return canonicalCase(
          { ...form, name },
          padValue,
          bias,
          spread(sizes.filter(form.geometry), 2),
        );
      }),
    ),
  ),
  ...[NaN, Infinity].map((value) => {
    const [form] = convGeometries.slice(1);
    const kernel = spread(sizes.filter(form.geometry), 2).with(0, value);
    return canonicalCase({ ...form, name: `a weight is ${value}, ${form.name}` }, 0, true, kernel);
  }),
];
