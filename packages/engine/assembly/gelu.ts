/**
 * GELU and its backward, four entries at a time; the formulas are in @surge-bnn/contract, kernels.ts.
 *
 * Phi by erfc(z) = t exp(-z^2 + P(t)), t = 1 / (1 + z / 2), z = |x| / sqrt 2, with the Chebyshev fit of Numerical Recipes (erfcc), whose error is below
 * 1.2e-7 of the value everywhere: the negative tail keeps its digits.
 */
import { exp4 } from './exp';
import { loadLanes, storeLanes } from './lanes';

export function gelu(x: usize, y: usize, count: i32): void {
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const v = loadLanes(x + at, count - i);
    storeLanes(y + at, f32x4.mul(v, distribution(v)), count - i);
  }
}

export function geluGradient(dy: usize, x: usize, dx: usize, count: i32): void {
  const inverseRoot = f32x4.splat(0.3989422804);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const v = loadLanes(x + at, count - i);
    const square = f32x4.mul(f32x4.mul(v, v), f32x4.splat(-0.5));
    const density = f32x4.mul(exp4(square), inverseRoot);
    // Far out the density is 0, and x may be infinite.
    const slope = v128.andnot(f32x4.mul(v, density), f32x4.eq(density, f32x4.splat(0)));
    const whole = f32x4.add(distribution(v), slope);
    storeLanes(dx + at, f32x4.mul(loadLanes(dy + at, count - i), whole), count - i);
  }
}

/** Phi(x). */
function distribution(x: v128): v128 {
  const z = f32x4.mul(f32x4.abs(x), f32x4.splat(0.7071067812));
  const one = f32x4.splat(1);
  const t = f32x4.div(one, f32x4.add(one, f32x4.mul(z, f32x4.splat(0.5))));
  let p = f32x4.splat(0.17087277);
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.82215223));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(1.48851587));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-1.13520398));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.27886807));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.18628806));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.09678418));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.37409196));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(1.00002368));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-1.26551223));
  const e = exp4(f32x4.sub(p, f32x4.mul(z, z)));
  const tail = f32x4.mul(f32x4.mul(t, e), f32x4.splat(0.5));
  return v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0)));
}
