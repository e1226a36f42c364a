/**
 * The element-wise half of the binary layer's backward: the surrogate's slope, the measure of both
 * branches in one pass, and their weighted sum in another.
 */
import { exp4 } from './exp';
import { signOf } from './wgrad';

/** SurrogateSpec.kind as a number; src/providers/wasm/sign-gradient.ts has the same order. */
const IDENTITY: i32 = 0;
const BOX: i32 = 1;
const QUADRATIC: i32 = 2;

/**
 * s(v) of four values. For swish with z = |beta v| and e = exp(-z): tanh(z / 2) = (1 - e) / (1 + e) and
 * 1 + cosh z = (1 + e)^2 / (2 e), so s = beta (2 - z (1 - e) / (1 + e)) 2 e / (1 + e)^2, in which nothing
 * overflows.
 */
function slope(kind: i32, parameter: v128, v: v128): v128 {
  const one = f32x4.splat(1);
  if (kind == IDENTITY) return one;
  const size = f32x4.abs(v);
  if (kind == BOX) return v128.and(f32x4.le(size, parameter), one);
  if (kind == QUADRATIC) {
    const window = f32x4.sub(f32x4.splat(2), f32x4.add(size, size));
    return f32x4.max(f32x4.splat(0), window);
  }
  const z = f32x4.abs(f32x4.mul(parameter, v));
  const e = exp4(f32x4.neg(z));
  const sum = f32x4.add(one, e);
  const bend = f32x4.div(f32x4.mul(z, f32x4.sub(one, e)), sum);
  const level = f32x4.div(f32x4.add(e, e), f32x4.mul(sum, sum));
  const s = f32x4.mul(parameter, f32x4.mul(f32x4.sub(f32x4.splat(2), bend), level));
  // e = 0 where z is large or infinite, and there the limit is 0 (not Infinity times 0).
  return v128.andnot(s, f32x4.eq(e, f32x4.splat(0)));
}

/** g = g times s(v), `count` entries. */
export function applySlope(g: usize, v: usize, count: i32, kind: i32, parameter: f32): void {
  if (kind == IDENTITY) return;
  const p = f32x4.splat(parameter);
  const whole = g + ((<usize>(count & ~3)) << 2);
  for (; g < whole; g += 16) {
    v128.store(g, f32x4.mul(v128.load(g), slope(kind, p, v128.load(v))));
    v += 16;
  }
  for (let i = count & 3; i > 0; i--) {
    const s = slope(kind, p, f32x4.splat(load<f32>(v)));
    store<f32>(g, load<f32>(g) * f32x4.extract_lane(s, 0));
    g += 4;
    v += 4;
  }
}

/** Low and high halves of four floats, squared or multiplied in f64. */
function low(a: v128, b: v128): v128 {
  return f64x2.mul(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
}
function high(a: v128, b: v128): v128 {
  return low(v128.shuffle<f64>(a, a, 1, 1), v128.shuffle<f64>(b, b, 1, 1));
}

/**
 * One pass over both branches: gb = dgrad times s(x), written back; sums (f64 at `result`): gb^2, ga^2, gb ga, number of
 * zero slopes. ga = 0: no auxiliary branch. gb is what applySlope makes of it, bit for bit.
 */
export function measureBranches(
  gb: usize,
  ga: usize,
  x: usize,
  count: i32,
  kind: i32,
  parameter: f32,
  result: usize,
): void {
  const p = f32x4.splat(parameter);
  const zero = f32x4.splat(0);
  let bb = f64x2.splat(0);
  let aa = bb;
  let ba = bb;
  let zeros = i32x4.splat(0);
  const whole = gb + ((<usize>(count & ~3)) << 2);
  for (; gb < whole; gb += 16) {
    const s = slope(kind, p, v128.load(x));
    const b = kind == IDENTITY ? v128.load(gb) : f32x4.mul(v128.load(gb), s);
    v128.store(gb, b);
    bb = f64x2.add(bb, f64x2.add(low(b, b), high(b, b)));
    zeros = i32x4.sub(zeros, f32x4.eq(s, zero));
    if (ga != 0) {
      const a = v128.load(ga);
      aa = f64x2.add(aa, f64x2.add(low(a, a), high(a, a)));
      ba = f64x2.add(ba, f64x2.add(low(b, a), high(b, a)));
      ga += 16;
    }
    x += 16;
  }
  let sumBB = f64x2.extract_lane(bb, 0) + f64x2.extract_lane(bb, 1);
  let sumAA = f64x2.extract_lane(aa, 0) + f64x2.extract_lane(aa, 1);
  let sumBA = f64x2.extract_lane(ba, 0) + f64x2.extract_lane(ba, 1);
  let clipped =
    i32x4.extract_lane(zeros, 0) +
    i32x4.extract_lane(zeros, 1) +
    i32x4.extract_lane(zeros, 2) +
    i32x4.extract_lane(zeros, 3);
  for (let i = count & 3; i > 0; i--) {
    const s = f32x4.extract_lane(slope(kind, p, f32x4.splat(load<f32>(x))), 0);
    const b = kind == IDENTITY ? load<f32>(gb) : load<f32>(gb) * s;
    store<f32>(gb, b);
    sumBB += <f64>b * <f64>b;
    clipped += i32(s == 0);
    if (ga != 0) {
      const a = load<f32>(ga);
      sumAA += <f64>a * <f64>a;
      sumBA += <f64>b * <f64>a;
      ga += 4;
    }
    gb += 4;
    x += 4;
  }
  store<f64>(result, sumBB);
  store<f64>(result, sumAA, 8);
  store<f64>(result, sumBA, 16);
  store<f64>(result, <f64>clipped, 24);
}

/** y = u y + w a; a weight of 0 takes its branch out altogether, so that its NaN does not leak. */
export function combineBranches(y: usize, a: usize, count: i32, u: f32, w: f32): void {
  const U = f32x4.splat(u);
  const W = f32x4.splat(w);
  const end = y + ((<usize>count) << 2);
  const whole = y + ((<usize>(count & ~3)) << 2);
  if (w == 0) {
    if (u == 1) return;
    scale(y, y, count, u);
    return;
  }
  if (u == 0) {
    scale(a, y, count, w);
    return;
  }
  for (; y < whole; y += 16) {
    v128.store(y, f32x4.add(f32x4.mul(U, v128.load(y)), f32x4.mul(W, v128.load(a))));
    a += 16;
  }
  for (; y < end; y += 4) {
    store<f32>(y, u * load<f32>(y) + w * load<f32>(a));
    a += 4;
  }
}

/** y = w x; w = 0 gives 0 whatever x is. */
export function scale(x: usize, y: usize, count: i32, w: f32): void {
  if (w == 0) {
    memory.fill(y, 0, (<usize>count) << 2);
    return;
  }
  const W = f32x4.splat(w);
  const end = y + ((<usize>count) << 2);
  const whole = y + ((<usize>(count & ~3)) << 2);
  for (; y < whole; y += 16) {
    v128.store(y, f32x4.mul(W, v128.load(x)));
    x += 16;
  }
  for (; y < end; y += 4) {
    store<f32>(y, w * load<f32>(x));
    x += 4;
  }
}

/** y = sign(x) as floats, for the products that are not made by table. */
export function signs(x: usize, y: usize, count: i32): void {
  const end = y + ((<usize>count) << 2);
  const whole = y + ((<usize>(count & ~3)) << 2);
  for (; y < whole; y += 16) {
    v128.store(y, signOf(v128.load(x)));
    x += 16;
  }
  for (; y < end; y += 4) {
    store<f32>(y, load<f32>(x) < 0 ? -1 : 1);
    x += 4;
  }
}
