/**
 * Batch norm in training and its backward over [rows, channels]; the formulas are in @surge-bnn/contract,
 * kernels.ts. Statistics in two passes (mean, then squared distances) and f64; the element-wise passes in f32.
 * Sums over rows come as parts (column-sums.ts), which are added up here in their order, whoever made them.
 */
import { loadLanes, storeLanes } from './lanes';

/** `parts` rows of `columns` f64, `stride` bytes apart, added up into `sums`. */
export function addParts(from: usize, parts: i32, stride: usize, columns: i32, sums: usize): void {
  for (let c = 0; c < columns; c++) {
    let sum = load<f64>(from);
    let at = from;
    for (let p = 1; p < parts; p++) {
      at += stride;
      sum += load<f64>(at);
    }
    store<f64>(sums, sum);
    from += 8;
    sums += 8;
  }
}

/** f64 as f32. */
export function narrow(from: usize, to: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    store<f32>(to, <f32>load<f64>(from));
    from += 8;
    to += 4;
  }
}

/** Sums of columns become their means, in place and as f32. */
export function batchMeans(sums: usize, mean: usize, rows: i32, channels: i32): void {
  for (let c = 0; c < channels; c++) {
    const mu = load<f64>(sums) / rows;
    store<f64>(sums, mu);
    store<f32>(mean, <f32>mu);
    sums += 8;
    mean += 4;
  }
}

/** From squared distances to the variance and gamma inverseStd. */
export function batchFactors(
  squares: usize,
  gamma: usize,
  variance: usize,
  factors: usize,
  rows: i32,
  channels: i32,
  epsilon: f64,
): void {
  for (let c = 0; c < channels; c++) {
    const v = load<f64>(squares) / rows;
    store<f32>(variance, <f32>v);
    store<f32>(factors, <f32>(load<f32>(gamma) / Math.sqrt(v + epsilon)));
    squares += 8;
    gamma += 4;
    variance += 4;
    factors += 4;
  }
}

/** y = (x - mean) factor + beta, and with a shortcut (not 0) or bounds min(max(y + shortcut, low), high). */
export function batchNormRows(
  x: usize,
  mean: usize,
  factors: usize,
  beta: usize,
  shortcut: usize,
  y: usize,
  rows: i32,
  channels: i32,
  low: f32,
  high: f32,
): void {
  const bytes = (<usize>channels) << 2;
  const lowest = f32x4.splat(low);
  const highest = f32x4.splat(high);
  const bounded = low != -Infinity || high != Infinity;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < channels; c += 4) {
      const lanes = channels - c;
      const at = (<usize>c) << 2;
      const centred = f32x4.sub(loadLanes(x + at, lanes), loadLanes(mean + at, lanes));
      const scaled = f32x4.mul(centred, loadLanes(factors + at, lanes));
      let v = f32x4.add(scaled, loadLanes(beta + at, lanes));
      if (shortcut != 0) v = f32x4.add(v, loadLanes(shortcut + at, lanes));
      if (bounded) v = f32x4.min(f32x4.max(v, lowest), highest);
      storeLanes(y + at, v, lanes);
    }
    x += bytes;
    y += bytes;
    if (shortcut != 0) shortcut += bytes;
  }
}

/**
 * dx = k0 (dy - k1 - (x - mean) k2) with k0 = gamma inverseStd, k1 = dbeta / R, k2 = inverseStd dgamma / R.
 * `k` is room for the three, `padded` bytes apart.
 */
export function batchNormSlopes(
  sums: usize,
  products: usize,
  gamma: usize,
  variance: usize,
  dgamma: usize,
  dbeta: usize,
  k: usize,
  padded: usize,
  rows: i32,
  channels: i32,
  epsilon: f64,
): void {
  for (let c = 0; c < channels; c++) {
    const wide = (<usize>c) << 3;
    const narrow = (<usize>c) << 2;
    const inverse = 1 / Math.sqrt(<f64>load<f32>(variance + narrow) + epsilon);
    const sum = load<f64>(sums + wide);
    const product = load<f64>(products + wide) * inverse;
    store<f32>(k + narrow, <f32>(load<f32>(gamma + narrow) * inverse));
    store<f32>(k + padded + narrow, <f32>(sum / rows));
    store<f32>(k + 2 * padded + narrow, <f32>((inverse * product) / rows));
    store<f32>(dbeta + narrow, <f32>sum);
    store<f32>(dgamma + narrow, <f32>product);
  }
}

export function batchNormGradientRows(
  dy: usize,
  x: usize,
  mean: usize,
  k: usize,
  padded: usize,
  dx: usize,
  rows: i32,
  channels: i32,
): void {
  const k1 = k + padded;
  const k2 = k1 + padded;
  const bytes = (<usize>channels) << 2;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < channels; c += 4) {
      const lanes = channels - c;
      const at = (<usize>c) << 2;
      const centred = f32x4.sub(loadLanes(x + at, lanes), loadLanes(mean + at, lanes));
      const slope = f32x4.mul(centred, v128.load(k2 + at));
      const rest = f32x4.sub(f32x4.sub(loadLanes(dy + at, lanes), v128.load(k1 + at)), slope);
      storeLanes(dx + at, f32x4.mul(v128.load(k + at), rest), lanes);
    }
    x += bytes;
    dy += bytes;
    dx += bytes;
  }
}
