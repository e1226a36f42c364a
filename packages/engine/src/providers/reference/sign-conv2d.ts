/**
 * Reference of the fused binary layer: the convolution of signs, and its backward with SURGE's second
 * branch (METHOD.md section 1; the contract stands in @surge-bnn/contract, kernels.ts). Written as the
 * formulas are, on whole arrays; no bits are packed here.
 */
import type {
  BranchMeasure,
  BranchWeights,
  ConvGeometry,
  PadValue,
  SurrogateSpec,
} from '@surge-bnn/contract';
import type { SignConvGradientArguments } from '../provider.js';
import { convolve, filterGradient, inputGradient } from './conv2d.js';
import { slope } from './surrogate.js';

/** The project's sign: -1 iff v < 0, else +1; so both zeros give +1. */
export function sign(v: number): 1 | -1 {
  return v < 0 ? -1 : 1;
}

/** y = conv(sign(x), sign(kernel)). Returns 0, or 1 / 2 when x / the kernel holds a NaN (y is then undefined). */
export function signConv2d(
  x: Float32Array,
  kernel: Float32Array,
  y: Float32Array,
  g: ConvGeometry,
  padValue: PadValue,
): 0 | 1 | 2 {
  if (x.some(Number.isNaN)) return 1;
  if (kernel.some(Number.isNaN)) return 2;
  y.set(convolve(x.map(sign), kernel.map(sign), y.length, g, padValue));
  return 0;
}

/**
 * Backward of `signConv2d`: both branches, their measure, and the weights that `combine` makes of it.
 * The branches are rounded to float32 before they are measured and added, so that a branch of weight 0
 * leaves the other one's bits alone.
 */
export function signConv2dGradient(args: SignConvGradientArguments): void {
  const { dy, x, kernel, auxiliary, dx, dkernel, dauxiliary, geometry } = args;
  const slopes = x.map((v) => slope(args.inputSurrogate, v));
  const binary = Float32Array.from(
    inputGradient(dy, kernel.map(sign), x.length, geometry),
    (v, i) => v * slopes[i],
  );
  const second = auxiliary && Float32Array.from(inputGradient(dy, auxiliary, x.length, geometry));
  const weights: BranchWeights = args.combine?.(measure(binary, second, slopes)) ?? {
    binary: 1,
    auxiliary: 0,
    auxiliaryGradient: 0,
  };
  dx.set(binary.map((b, i) => weightedSum(weights, b, second?.[i] ?? 0)));

  const weightSums = filterGradient(x.map(sign), dy, kernel.length, geometry, args.padValue);
  dkernel.set(weightSums.map((v, i) => v * weightSlope(args.weightSurrogate, kernel[i])));

  if (dauxiliary) {
    // Weight 0 must not let a NaN of x or dy through, so it is not multiplied.
    if (weights.auxiliaryGradient === 0) dauxiliary.fill(0);
    else {
      const sums = filterGradient(x, dy, dauxiliary.length, geometry, 0);
      dauxiliary.set(sums.map((v) => v * weights.auxiliaryGradient));
    }
  }
}

/** binary g_b + auxiliary g_a, where a branch of weight 0 does not exist at all. */
function weightedSum(weights: BranchWeights, gb: number, ga: number): number {
  if (weights.auxiliary === 0) return weights.binary === 0 ? 0 : weights.binary * gb;
  if (weights.binary === 0) return weights.auxiliary * ga;
  return weights.binary * gb + weights.auxiliary * ga;
}

function measure(
  binary: Float32Array,
  auxiliary: Float32Array | undefined,
  slopes: Float32Array,
): BranchMeasure {
  return {
    normB: Math.sqrt(dot(binary, binary)),
    normA: auxiliary ? Math.sqrt(dot(auxiliary, auxiliary)) : 0,
    inner: auxiliary ? dot(binary, auxiliary) : 0,
    clipped: slopes.length ? slopes.filter((s) => s === 0).length / slopes.length : 0,
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function weightSlope(spec: SurrogateSpec, w: number): number {
  return Math.fround(slope(spec, w));
}
