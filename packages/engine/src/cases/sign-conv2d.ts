/**
 * The fused binary layer: every geometry and padding value, every surrogate, NaN in either input, with and
 * without an auxiliary branch, and branches of weight 0 that hold NaN.
 */
import type { BranchMeasure, BranchWeights, PadValue, SurrogateSpec } from '@surge-bnn/contract';
import { convGeometries, sizes, type NamedGeometry } from './geometries.js';
import type { KernelCase } from './kernel-case.js';
import { reals } from './numbers.js';

const padValues: readonly PadValue[] = [0, 1, -1];

export const surrogates: readonly SurrogateSpec[] = [
  { kind: 'box', width: 1 },
  { kind: 'identity' },
  { kind: 'quadratic' },
  { kind: 'swish', beta: 5 },
  { kind: 'box', width: 0.5 },
];

const withPad = convGeometries.flatMap((form) =>
  padValues
    // Where there is no padding its value does not matter: one case is enough.
    .filter((padValue) => padValue === 0 || isPadded(form))
    .map((padValue) => ({ ...form, padValue, name: `${form.name} pad ${padValue}` })),
);

const withNan = (values: Float32Array): Float32Array => values.with(values.length - 1, NaN);

export const signConv2dCases: readonly KernelCase[] = [
  ...withPad.map(({ name, geometry, padValue }) =>
    forward(
      name,
      geometry,
      padValue,
      reals(sizes.x(geometry), 1),
      reals(sizes.filter(geometry), 2),
    ),
  ),
  ...[convGeometries[1], convGeometries[23]].flatMap(({ name, geometry }) => {
    const x = reals(sizes.x(geometry), 1);
    const kernel = reals(sizes.filter(geometry), 2);
    return [
      forward(`NaN in x, ${name}`, geometry, 0, withNan(x), kernel),
      forward(`NaN in the kernel, ${name}`, geometry, 0, x, withNan(kernel)),
    ];
  }),
];

/** One forward. */
export function forward(
  name: string,
  geometry: NamedGeometry['geometry'],
  padValue: PadValue,
  x: Float32Array,
  kernel: Float32Array,
): KernelCase {
  return {
    name,
    kernel: 'signConv2d',
    inputs: [x, kernel],
    outputLengths: [sizes.y(geometry)],
    bound: 0,
    call: (kernels, [xView, kernelView], [y]) => {
      const code = kernels.signConv2d(xView, kernelView, y, geometry, padValue);
      // After a NaN y is undefined: nothing to compare but the code.
      if (code) y.fill(0);
      return [code];
    },
  };
}

/** Branches weighted as AGS makes it: eta |g_b| / (|g_a| + eps). */
export function adaptive(measure: BranchMeasure): BranchWeights {
  const lambda = (0.1 * measure.normB) / (measure.normA + 1e-8);
  return { binary: 1, auxiliary: lambda, auxiliaryGradient: lambda };
}

export const signConv2dGradientCases: readonly KernelCase[] = [
  ...withPad.flatMap((form, i) => {
    const input = surrogates[i % surrogates.length];
    const weight = surrogates[(i + 2) % surrogates.length];
    return [
      backward(form, form.padValue, input, weight, { combine: adaptive }),
      backward(form, form.padValue, weight, input, {}),
    ];
  }),
  ...surrogates.map((spec) => backward(convGeometries[1], 1, spec, spec, { combine: adaptive })),
  backward(convGeometries[1], 0, surrogates[0], surrogates[0], {
    name: 'gain only',
    combine: ({ normB, normA }) => ({
      binary: normA / normB,
      auxiliary: 0,
      auxiliaryGradient: 0.5,
    }),
  }),
  backward(convGeometries[1], 0, surrogates[0], surrogates[0], {
    name: 'auxiliary alone',
    combine: () => ({ binary: 0, auxiliary: 1, auxiliaryGradient: 1 }),
  }),
  backward(convGeometries[1], 0, surrogates[0], surrogates[0], {
    name: 'NaN in an auxiliary of weight 0',
    auxiliary: withNan(reals(sizes.filter(convGeometries[1].geometry), 4)),
    saysNorms: false,
    combine: () => ({ binary: 1, auxiliary: 0, auxiliaryGradient: 0 }),
  }),
  backward(convGeometries[1], 0, surrogates[0], surrogates[0], {
    name: 'auxiliary without a gradient of its own',
    trains: false,
    combine: adaptive,
  }),
];

interface BackwardOptions {
  readonly name?: string;
  readonly combine?: (measure: BranchMeasure) => BranchWeights;
  readonly auxiliary?: Float32Array;
  readonly trains?: boolean;
  readonly saysNorms?: boolean;
}

/** One backward, with an auxiliary branch where `options.combine` weights it. */
export function backward(
  { name, geometry }: NamedGeometry,
  padValue: PadValue,
  inputSurrogate: SurrogateSpec,
  weightSurrogate: SurrogateSpec,
  options: BackwardOptions,
): KernelCase {
  const { combine, trains = combine !== undefined, saysNorms = true } = options;
  const filterSize = sizes.filter(geometry);
  const inputs = [
    reals(sizes.y(geometry), 3),
    reals(sizes.x(geometry), 1),
    reals(filterSize, 2),
    ...(combine ? [options.auxiliary ?? reals(filterSize, 4)] : []),
  ];
  return {
    name: `${options.name ?? (combine ? 'two branches' : 'one branch')}, ${JSON.stringify([inputSurrogate, weightSurrogate])} pad ${padValue}, ${name}`,
    kernel: 'signConv2dGradient',
    inputs,
    outputLengths: [sizes.x(geometry), filterSize, ...(trains ? [filterSize] : [])],
    bound: 1e-5,
    call: (kernels, [dy, x, kernel, auxiliary], [dx, dkernel, dauxiliary]) => {
      const said: number[] = [];
      kernels.signConv2dGradient({
        dy,
        x,
        kernel,
        auxiliary,
        dx,
        dkernel,
        dauxiliary,
        geometry,
        padValue,
        inputSurrogate,
        weightSurrogate,
        combine:
          combine &&
          ((measure) => {
            said.push(measure.clipped);
            const { normB, normA, inner } = measure;
            // In units of the larger norm: of the product's own size cancellation may leave next to nothing.
            if (saysNorms) said.push(normB, normA, inner / (Math.max(normB, normA) || 1));
            return combine(measure);
          }),
      });
      return said;
    },
  };
}

function isPadded({ geometry: g }: NamedGeometry): boolean {
  const reach = (g.filterHeight - 1) * g.dilationHeight + (g.outHeight - 1) * g.strideHeight + 1;
  const across = (g.filterWidth - 1) * g.dilationWidth + (g.outWidth - 1) * g.strideWidth + 1;
  return g.padTop > 0 || g.padLeft > 0 || reach > g.inHeight || across > g.inWidth;
}
