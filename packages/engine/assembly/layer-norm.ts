/**
 * Layer norm over rows of `channels` entries and its backward; the formulas are in @surge-bnn/contract,
 * kernels.ts. Statistics and sums in f64; what is written for each entry in f32.
 */
import { high, rowSum } from './column-sums';
import { loadLanes, storeLanes } from './lanes';

export function layerNorm(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  mean: usize,
  inverseStd: usize,
  rows: i32,
  channels: i32,
  epsilon: f64,
): void {
  for (let r = 0; r < rows; r++) {
    const mu = rowSum(x, channels) / channels;
    const inverse = 1 / Math.sqrt(rowSquares(x, channels, mu) / channels + epsilon);
    store<f32>(mean, <f32>mu);
    store<f32>(inverseStd, <f32>inverse);
    const centre = f32x4.splat(<f32>mu);
    const factor = f32x4.splat(<f32>inverse);
    for (let c = 0; c < channels; c += 4) {
      const lanes = channels - c;
      const at = (<usize>c) << 2;
      const xhat = f32x4.mul(f32x4.sub(loadLanes(x + at, lanes), centre), factor);
      const scaled = f32x4.mul(xhat, loadLanes(gamma + at, lanes));
      storeLanes(y + at, f32x4.add(scaled, loadLanes(beta + at, lanes)), lanes);
    }
    x += (<usize>channels) << 2;
    y += (<usize>channels) << 2;
    mean += 4;
    inverseStd += 4;
  }
}

/** Sum of (x - mu)^2 over `count` entries. */
function rowSquares(x: usize, count: i32, mu: f64): f64 {
  const m = f64x2.splat(mu);
  let a = f64x2.splat(0);
  let b = a;
  const whole = x + ((<usize>(count & ~3)) << 2);
  const end = x + ((<usize>count) << 2);
  for (; x < whole; x += 16) {
    const v = v128.load(x);
    const d0 = f64x2.sub(f64x2.promote_low_f32x4(v), m);
    const d1 = f64x2.sub(high(v), m);
    a = f64x2.add(a, f64x2.mul(d0, d0));
    b = f64x2.add(b, f64x2.mul(d1, d1));
  }
  a = f64x2.add(a, b);
  let total = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  for (; x < end; x += 4) {
    const d = <f64>load<f32>(x) - mu;
    total += d * d;
  }
  return total;
}

/**
 * dx = k0 (gamma dy - k1 - (x - mean) k2) with k0 = inverseStd, k1 = mean_c(gamma dy) and
 * k2 = inverseStd^2 mean_c(gamma dy (x - mean)). The sums of these rows for dbeta and then
 * for dgamma go to `work`, channels f64 each.
 */
export function layerNormGradient(
  dy: usize,
  x: usize,
  gamma: usize,
  mean: usize,
  inverseStd: usize,
  dx: usize,
  rows: i32,
  channels: i32,
  work: usize,
): void {
  const whole = channels & ~3;
  const bytes = (<usize>channels) << 2;
  const byBeta = work;
  const byGamma = work + (bytes << 1);
  memory.fill(work, 0, bytes << 2);
  for (let r = 0; r < rows; r++) {
    const mu = load<f32>(mean + ((<usize>r) << 2));
    const inverse = load<f32>(inverseStd + ((<usize>r) << 2));
    const m = f64x2.splat(mu);
    const scale = f64x2.splat(inverse);
    let sums = f64x2.splat(0);
    let products = f64x2.splat(0);
    for (let c = 0; c < whole; c += 4) {
      const at = (<usize>c) << 2;
      const g = v128.load(dy + at);
      const v = v128.load(x + at);
      const w = v128.load(gamma + at);
      const g0 = f64x2.promote_low_f32x4(g);
      const g1 = high(g);
      const p0 = f64x2.mul(g0, f64x2.sub(f64x2.promote_low_f32x4(v), m));
      const p1 = f64x2.mul(g1, f64x2.sub(high(v), m));
      const w0 = f64x2.promote_low_f32x4(w);
      const w1 = high(w);
      sums = f64x2.add(sums, f64x2.add(f64x2.mul(g0, w0), f64x2.mul(g1, w1)));
      products = f64x2.add(products, f64x2.add(f64x2.mul(p0, w0), f64x2.mul(p1, w1)));
      addTo(byBeta + (at << 1), g0, g1);
      addTo(byGamma + (at << 1), f64x2.mul(p0, scale), f64x2.mul(p1, scale));
    }
    let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
    let product = f64x2.extract_lane(products, 0) + f64x2.extract_lane(products, 1);
    for (let c = whole; c < channels; c++) {
      const at = (<usize>c) << 2;
      const g = <f64>load<f32>(dy + at);
      const w = <f64>load<f32>(gamma + at);
      const p = g * (<f64>load<f32>(x + at) - <f64>mu);
      sum += g * w;
      product += p * w;
      store<f64>(byBeta + (at << 1), load<f64>(byBeta + (at << 1)) + g);
      store<f64>(byGamma + (at << 1), load<f64>(byGamma + (at << 1)) + p * <f64>inverse);
    }
    const k0 = f32x4.splat(inverse);
    const k1 = f32x4.splat(<f32>(sum / channels));
    const k2 = f32x4.splat(<f32>((<f64>inverse * <f64>inverse * product) / channels));
    const centre = f32x4.splat(mu);
    for (let c = 0; c < channels; c += 4) {
      const lanes = channels - c;
      const at = (<usize>c) << 2;
      const g = f32x4.mul(loadLanes(dy + at, lanes), loadLanes(gamma + at, lanes));
      const slope = f32x4.mul(f32x4.sub(loadLanes(x + at, lanes), centre), k2);
      const rest = f32x4.sub(f32x4.sub(g, k1), slope);
      storeLanes(dx + at, f32x4.mul(k0, rest), lanes);
    }
    dy += bytes;
    x += bytes;
    dx += bytes;
  }
}

/** Adds four f64 to those at `to`. */
function addTo(to: usize, a: v128, b: v128): void {
  v128.store(to, f64x2.add(v128.load(to), a));
  v128.store(to, f64x2.add(v128.load(to, 16), b), 16);
}
