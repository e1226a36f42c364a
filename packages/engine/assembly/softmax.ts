/**
 * Softmax cross-entropy with its gradient, row by row; the formulas are in @surge-bnn/contract, kernels.ts.
 */
import { exp4 } from './exp';
import { loadLanes, storeLanes } from './lanes';
import { log4 } from './log';

export function horizontalMax(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

export function addLanes(v: v128, lanes: i32): f64 {
  let sum = <f64>f32x4.extract_lane(v, 0);
  if (lanes > 1) sum += f32x4.extract_lane(v, 1);
  if (lanes > 2) sum += f32x4.extract_lane(v, 2);
  if (lanes > 3) sum += f32x4.extract_lane(v, 3);
  return sum;
}

export function softmaxCrossEntropy(
  logits: usize,
  labels: usize,
  loss: usize,
  gradient: usize,
  rows: i32,
  classes: i32,
): void {
  const bytes = (<usize>classes) << 2;
  for (let r = 0; r < rows; r++) {
    let most = f32x4.splat(-Infinity);
    for (let c = 0; c < classes; c += 4) {
      const lanes = classes - c;
      const z = loadLanes(logits + ((<usize>c) << 2), lanes);
      // Lanes beyond the row hold 0, which must not win.
      most = f32x4.max(most, lanes >= 4 ? z : beyond(z, lanes));
    }
    const top = f32x4.splat(horizontalMax(most));
    let partition: f64 = 0;
    let weight: f64 = 0;
    for (let c = 0; c < classes; c += 4) {
      const lanes = classes - c;
      const at = (<usize>c) << 2;
      const e = exp4(f32x4.sub(loadLanes(logits + at, lanes), top));
      storeLanes(gradient + at, e, lanes);
      partition += addLanes(e, lanes);
      weight += addLanes(loadLanes(labels + at, lanes), lanes);
    }
    const logPartition = log4(f32x4.splat(<f32>partition));
    const share = f32x4.splat(<f32>(weight / partition));
    let total: f64 = 0;
    for (let c = 0; c < classes; c += 4) {
      const lanes = classes - c;
      const at = (<usize>c) << 2;
      const t = loadLanes(labels + at, lanes);
      const z = f32x4.sub(f32x4.sub(loadLanes(logits + at, lanes), top), logPartition);
      // A class without weight does not count, even at logit -Infinity (0 * Infinity would be NaN).
      const counted = v128.andnot(f32x4.mul(t, z), f32x4.eq(t, f32x4.splat(0)));
      total -= addLanes(counted, lanes);
      const g = f32x4.sub(f32x4.mul(loadLanes(gradient + at, lanes), share), t);
      storeLanes(gradient + at, g, lanes);
    }
    store<f32>(loss, <f32>total);
    loss += 4;
    logits += bytes;
    labels += bytes;
    gradient += bytes;
  }
}

/** z with -Infinity in the lanes from `lanes` on. */
export function beyond(z: v128, lanes: i32): v128 {
  let v = f32x4.replace_lane(z, 3, -Infinity);
  if (lanes < 3) v = f32x4.replace_lane(v, 2, -Infinity);
  if (lanes < 2) v = f32x4.replace_lane(v, 1, -Infinity);
  return v;
}
