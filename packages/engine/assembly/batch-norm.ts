/**
 * Batch norm in training and its backward over [rows, channels]; the formulas are in @surge-bnn/contract,
 * kernels.ts. Statistics in two passes (mean, then squared distances) and f64; the element-wise passes in f32.
 */
import { columnProducts, columnSquares, columnSums } from './column-sums';
import { loadLanes, storeLanes } from './lanes';

/** `work` is scratch for 2 channels f64 and channels f32 (rounded up to 4). */
export function batchNorm(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  mean: usize,
  variance: usize,
  rows: i32,
  channels: i32,
  epsilon: f64,
  work: usize,
): void {
  const means = work;
  const squares = work + ((<usize>channels) << 3);
  const factors = squares + ((<usize>channels) << 3);
  columnSums(x, rows, channels, means);
  for (let c = 0; c < channels; c++) {
    const at = means + ((<usize>c) << 3);
    store<f64>(at, load<f64>(at) / rows);
  }
  columnSquares(x, rows, channels, means, squares);
  for (let c = 0; c < channels; c++) {
    const wide = (<usize>c) << 3;
    const narrow = (<usize>c) << 2;
    const v = load<f64>(squares + wide) / rows;
    store<f32>(mean + narrow, <f32>load<f64>(means + wide));
    store<f32>(variance + narrow, <f32>v);
    store<f32>(factors + narrow, <f32>(load<f32>(gamma + narrow) / Math.sqrt(v + epsilon)));
  }
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < channels; c += 4) {
      const lanes = channels - c;
      const at = (<usize>c) << 2;
      const centred = f32x4.sub(loadLanes(x + at, lanes), loadLanes(mean + at, lanes));
      const scaled = f32x4.mul(centred, loadLanes(factors + at, lanes));
      storeLanes(y + at, f32x4.add(scaled, loadLanes(beta + at, lanes)), lanes);
    }
    x += (<usize>channels) << 2;
    y += (<usize>channels) << 2;
  }
}

/**
 * dx = k0 (dy - k1 - (x - mean) k2) with k0 = gamma inverseStd, k1 = dbeta / R, k2 = inverseStd dgamma / R.
 * `work` is scratch for 2 channels f64 and 3 channels f32 (each rounded up to 4).
 */
export function batchNormGradient(
  dy: usize,
  x: usize,
  gamma: usize,
  mean: usize,
  variance: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
  rows: i32,
  channels: i32,
  epsilon: f64,
  work: usize,
): void {
  const padded = (<usize>((channels + 3) & ~3)) << 2;
  const sums = work;
  const products = work + ((<usize>channels) << 3);
  const k0 = products + ((<usize>channels) << 3);
  const k1 = k0 + padded;
  const k2 = k1 + padded;
  columnProducts(dy, x, rows, channels, mean, sums, products);
  for (let c = 0; c < channels; c++) {
    const wide = (<usize>c) << 3;
    const narrow = (<usize>c) << 2;
    const inverse = 1 / Math.sqrt(<f64>load<f32>(variance + narrow) + epsilon);
    const sum = load<f64>(sums + wide);
    const product = load<f64>(products + wide) * inverse;
    store<f32>(k0 + narrow, <f32>(load<f32>(gamma + narrow) * inverse));
    store<f32>(k1 + narrow, <f32>(sum / rows));
    store<f32>(k2 + narrow, <f32>((inverse * product) / rows));
    store<f32>(dbeta + narrow, <f32>sum);
    store<f32>(dgamma + narrow, <f32>product);
  }
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < channels; c += 4) {
      const lanes = channels - c;
      const at = (<usize>c) << 2;
      const centred = f32x4.sub(loadLanes(x + at, lanes), loadLanes(mean + at, lanes));
      const slope = f32x4.mul(centred, v128.load(k2 + at));
      const rest = f32x4.sub(f32x4.sub(loadLanes(dy + at, lanes), v128.load(k1 + at)), slope);
      storeLanes(dx + at, f32x4.mul(v128.load(k0 + at), rest), lanes);
    }
    x += (<usize>channels) << 2;
    dy += (<usize>channels) << 2;
    dx += (<usize>channels) << 2;
  }
}
