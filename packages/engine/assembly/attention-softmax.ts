/**
 * The softmax of attention and its backward, row by row; the formulas are in @surge-bnn/contract, kernels.ts. Sums in f64.
 */
import { exp4 } from './exp';
import { loadLanes, storeLanes } from './lanes';
import { addLanes, beyond, horizontalMax } from './softmax';

/**
 * `rows` rows of `keys` entries, the first of which is row `first` of all; every `rowsPerText` of all rows share a row of biases.
 */
export function attentionSoftmax(
  x: usize,
  bias: usize,
  y: usize,
  first: i32,
  rowsPerText: i32,
  rows: i32,
  keys: i32,
  scale: f32,
): void {
  const bytes = (<usize>keys) << 2;
  const factor = f32x4.splat(scale);
  for (let r = first; r < first + rows; r++) {
    const own = bias + <usize>(r / rowsPerText) * bytes;
    let most = f32x4.splat(-Infinity);
    for (let k = 0; k < keys; k += 4) {
      const lanes = keys - k;
      const at = (<usize>k) << 2;
      const z = f32x4.add(f32x4.mul(loadLanes(x + at, lanes), factor), loadLanes(own + at, lanes));
      storeLanes(y + at, z, lanes);
      // Lanes beyond the row hold 0, which must not win.
      most = f32x4.max(most, lanes >= 4 ? z : beyond(z, lanes));
    }
    const top = f32x4.splat(horizontalMax(most));
    let partition: f64 = 0;
    for (let k = 0; k < keys; k += 4) {
      const lanes = keys - k;
      const at = (<usize>k) << 2;
      const e = exp4(f32x4.sub(loadLanes(y + at, lanes), top));
      storeLanes(y + at, e, lanes);
      partition += addLanes(e, lanes);
    }
    const share = f32x4.splat(<f32>(1 / partition));
    for (let k = 0; k < keys; k += 4) {
      const lanes = keys - k;
      const at = (<usize>k) << 2;
      storeLanes(y + at, f32x4.mul(loadLanes(y + at, lanes), share), lanes);
    }
    x += bytes;
    y += bytes;
  }
}

export function attentionSoftmaxGradient(
  dy: usize,
  y: usize,
  dx: usize,
  rows: i32,
  keys: i32,
  scale: f32,
): void {
  const bytes = (<usize>keys) << 2;
  const factor = f32x4.splat(scale);
  for (let r = 0; r < rows; r++) {
    let along: f64 = 0;
    for (let k = 0; k < keys; k += 4) {
      const lanes = keys - k;
      const at = (<usize>k) << 2;
      along += addLanes(f32x4.mul(loadLanes(dy + at, lanes), loadLanes(y + at, lanes)), lanes);
    }
    const mean = f32x4.splat(<f32>along);
    for (let k = 0; k < keys; k += 4) {
      const lanes = keys - k;
      const at = (<usize>k) << 2;
      const g = f32x4.sub(loadLanes(dy + at, lanes), mean);
      storeLanes(dx + at, f32x4.mul(f32x4.mul(loadLanes(y + at, lanes), factor), g), lanes);
    }
    dy += bytes;
    y += bytes;
    dx += bytes;
  }
}
