/**
 * The activation behind a shortcut, min(max(a + b, low), high), and its gradient: one pass each.
 */
import { loadLanes, storeLanes } from './lanes';

/** `b` is 0 where nothing is added. A NaN stays one: f32x4.min and f32x4.max hand it on. */
export function addClip(a: usize, b: usize, y: usize, count: i32, low: f32, high: f32): void {
  const L = f32x4.splat(low);
  const H = f32x4.splat(high);
  const whole = a + ((<usize>(count & ~3)) << 2);
  const rest = count & 3;
  if (b) {
    for (; a < whole; a += 16) {
      const sum = f32x4.add(v128.load(a), v128.load(b));
      v128.store(y, f32x4.min(f32x4.max(sum, L), H));
      b += 16;
      y += 16;
    }
    if (rest) {
      const sum = f32x4.add(loadLanes(a, rest), loadLanes(b, rest));
      storeLanes(y, f32x4.min(f32x4.max(sum, L), H), rest);
    }
  } else {
    for (; a < whole; a += 16) {
      v128.store(y, f32x4.min(f32x4.max(v128.load(a), L), H));
      y += 16;
    }
    if (rest) storeLanes(y, f32x4.min(f32x4.max(loadLanes(a, rest), L), H), rest);
  }
}

/** A mask, not a product: what is not a number in dy stays outside where y stands at a bound. */
export function addClipGradient(
  dy: usize,
  y: usize,
  dx: usize,
  count: i32,
  low: f32,
  high: f32,
): void {
  const L = f32x4.splat(low);
  const H = f32x4.splat(high);
  const whole = y + ((<usize>(count & ~3)) << 2);
  for (; y < whole; y += 16) {
    const v = v128.load(y);
    const inside = v128.and(f32x4.gt(v, L), f32x4.lt(v, H));
    v128.store(dx, v128.and(v128.load(dy), inside));
    dy += 16;
    dx += 16;
  }
  const rest = count & 3;
  if (rest) {
    const v = loadLanes(y, rest);
    const inside = v128.and(f32x4.gt(v, L), f32x4.lt(v, H));
    storeLanes(dx, v128.and(loadLanes(dy, rest), inside), rest);
  }
}
