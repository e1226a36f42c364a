/**
 * Cross-entropy with one class a row, and its backward; the formulas are in @surge-bnn/contract, kernels.ts. Sums in f64.
 */
import { exp4 } from './exp';
import { loadLanes, storeLanes } from './lanes';
import { log4 } from './log';
import { addLanes, beyond, horizontalMax } from './softmax';

export function classCrossEntropy(
  logits: usize,
  classes: usize,
  loss: usize,
  logPartition: usize,
  rows: i32,
  columns: i32,
): void {
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; r++) {
    let most = f32x4.splat(-Infinity);
    for (let c = 0; c < columns; c += 4) {
      const lanes = columns - c;
      const z = loadLanes(logits + ((<usize>c) << 2), lanes);
      // Lanes beyond the row hold 0, which must not win.
      most = f32x4.max(most, lanes >= 4 ? z : beyond(z, lanes));
    }
    const top = horizontalMax(most);
    let partition: f64 = 0;
    for (let c = 0; c < columns; c += 4) {
      const lanes = columns - c;
      const z = loadLanes(logits + ((<usize>c) << 2), lanes);
      partition += addLanes(exp4(f32x4.sub(z, f32x4.splat(top))), lanes);
    }
    const logOfSum = f32x4.extract_lane(log4(f32x4.splat(<f32>partition)), 0);
    const at = logits + ((<usize>load<i32>(classes + ((<usize>r) << 2))) << 2);
    store<f32>(loss + ((<usize>r) << 2), logOfSum - (load<f32>(at) - top));
    store<f32>(logPartition + ((<usize>r) << 2), top + logOfSum);
    logits += bytes;
  }
}

export function classCrossEntropyGradient(
  dy: usize,
  logits: usize,
  classes: usize,
  logPartition: usize,
  dlogits: usize,
  rows: i32,
  columns: i32,
): void {
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; r++) {
    const row = (<usize>r) << 2;
    const g = load<f32>(dy + row);
    const factor = f32x4.splat(g);
    const whole = f32x4.splat(load<f32>(logPartition + row));
    for (let c = 0; c < columns; c += 4) {
      const lanes = columns - c;
      const at = (<usize>c) << 2;
      const share = exp4(f32x4.sub(loadLanes(logits + at, lanes), whole));
      storeLanes(dlogits + at, f32x4.mul(share, factor), lanes);
    }
    const own = (<usize>load<i32>(classes + row)) << 2;
    const share = exp4(f32x4.sub(f32x4.splat(load<f32>(logits + own)), whole));
    store<f32>(dlogits + own, (f32x4.extract_lane(share, 0) - 1) * g);
    logits += bytes;
    dlogits += bytes;
  }
}
