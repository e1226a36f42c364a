/**
 * Reference of the element-wise kernels: unary functions, binary ones with the broadcasts of
 * BinaryLayout, clip, PReLU with its gradient, and fill. A NaN in gives a NaN out, except `sign` (0, as TF.js has it).
 */
import type { BinaryLayout, BinaryOp, UnaryOp } from '../provider.js';

const unaryFunctions: Readonly<Record<UnaryOp, (v: number) => number>> = {
  relu: (v) => Math.max(0, v),
  step: (v) => (Number.isNaN(v) ? NaN : v > 0 ? 1 : 0),
  neg: (v) => -v,
  abs: Math.abs,
  square: (v) => v * v,
  sqrt: Math.sqrt,
  rsqrt: (v) => 1 / Math.sqrt(v),
  exp: Math.exp,
  log: Math.log,
  sign: (v) => (v > 0 ? 1 : v < 0 ? -1 : 0),
};

const binaryFunctions: Readonly<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
  squaredDifference: (a, b) => (a - b) * (a - b),
};

/** y = op(x), entry by entry. */
export function unary(op: UnaryOp, x: Float32Array, y: Float32Array): void {
  const f = unaryFunctions[op];
  for (let i = 0; i < x.length; i++) y[i] = f(x[i]);
}

/** y = a op b, b lined up with a as `layout` says. */
export function binary(
  op: BinaryOp,
  a: Float32Array,
  b: Float32Array,
  y: Float32Array,
  layout: BinaryLayout,
): void {
  const f = binaryFunctions[op];
  for (let i = 0; i < a.length; i++) {
    const other = b[Math.floor(i / layout.inner) % b.length];
    y[i] = layout.swapped ? f(other, a[i]) : f(a[i], other);
  }
}

/** y = min(max(x, low), high). */
export function clip(x: Float32Array, y: Float32Array, low: number, high: number): void {
  for (let i = 0; i < x.length; i++) y[i] = Math.min(Math.max(x[i], low), high);
}

/** y = x < 0 ? alpha x : x, one alpha for each entry of the last axis, or one for all. */
export function prelu(x: Float32Array, alpha: Float32Array, y: Float32Array): void {
  for (let i = 0; i < x.length; i++) y[i] = x[i] < 0 ? alpha[i % alpha.length] * x[i] : x[i];
}

/** dx = x > 0 ? dy : alpha dy; dalpha = sum of dy x over the entries with not x > 0, in float64. */
export function preluGradient(
  dy: Float32Array,
  x: Float32Array,
  alpha: Float32Array,
  dx: Float32Array,
  dalpha: Float32Array,
): void {
  for (let c = 0; c < alpha.length; c++) {
    let sum = 0;
    for (let i = c; i < x.length; i += alpha.length) {
      dx[i] = x[i] > 0 ? dy[i] : alpha[c] * dy[i];
      if (!(x[i] > 0)) sum += dy[i] * x[i];
    }
    dalpha[c] = sum;
  }
}

/** y = value everywhere. */
export function fill(y: Float32Array, value: number): void {
  y.fill(value);
}
