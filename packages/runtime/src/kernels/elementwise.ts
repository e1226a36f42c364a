/**
 * Functions of one number in canonical arithmetic. Each takes and returns a float32 (as a JS number) and rounds after
 * every operation that METHOD section 4 names; the kernels, the evaluation of trained networks and the search for
 * thresholds all call these.
 */
import { exp } from './exp.js';
import { normalBelow } from './normal.js';

const round = Math.fround;

/** a x + b: one multiply, one add, each rounded, never fused. An absent a or b leaves its operation out. */
export function affine(x: number, a: number | undefined, b: number | undefined): number {
  const scaled = a === undefined ? x : round(a * x);
  return b === undefined ? scaled : round(scaled + b);
}

/** max(x, 0), where the larger of the two zeros is +0; a NaN stays one. */
export function relu(x: number): number {
  return x <= 0 ? 0 : x;
}

/** min(max(x, low), high); a NaN stays one. */
export function clip(x: number, low: number, high: number): number {
  return x < low ? low : x > high ? high : x;
}

/** x for x >= 0, else alpha x. */
export function prelu(x: number, alpha: number): number {
  return x < 0 ? round(alpha * x) : x;
}

/** 1 / (1 + exp(-x)) in f64, rounded once. */
export function sigmoid(x: number): number {
  return round(1 / (1 + exp(-x)));
}

/**
 * tanh in f64, rounded once. With e = exp(-2|x|) it is (1 - e) / (1 + e), which loses digits where e is near 1; there
 * the series x - x^3 / 3 is exact to float32 (the next term, 2 x^5 / 15, is below 2e-17 of x at |x| = 1e-4).
 */
export function tanh(x: number): number {
  const size = Math.abs(x);
  if (size < 1e-4) return round(x - (x * x * x) / 3);
  const e = exp(-2 * size);
  const value = (1 - e) / (1 + e);
  return round(x < 0 ? -value : value);
}

/** The float32 below 0 that is nearest to it. */
const LEAST = -(2 ** -149);

/**
 * x Phi(x) in f64, rounded once. Of a number below 0 it is below 0, and where it would round to -0 it is the nearest such number: so sign(gelu(x)) is
 * sign(x), and a gelu between sums and a sign is folded into a threshold.
 */
export function gelu(x: number): number {
  const y = round(x * normalBelow(x));
  return x < 0 && !(y < 0) ? LEAST : y;
}

/** Softmax of a row: f64 throughout, terms summed in order, each result rounded once. */
export function softmax(
  x: ArrayLike<number>,
  from: number,
  length: number,
  out: Float32Array,
): void {
  let largest = -Infinity;
  for (let i = from; i < from + length; i++) if (x[i] > largest) largest = x[i];
  let sum = 0;
  for (let i = from; i < from + length; i++) sum += exp(x[i] - largest);
  for (let i = from; i < from + length; i++) out[i] = exp(x[i] - largest) / sum;
}
