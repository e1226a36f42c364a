/**
 * Backward of PReLU: dx = x > 0 ? dy : alpha dy, and for each slope the sum of dy x over its entries with not
 * x > 0, in f64.
 */
import { high } from './column-sums';
import { loadLanes, storeLanes } from './lanes';

/** `slopes` divides `count`. The slopes' sums go to `sums`: f64, with room for a multiple of 4. */
export function preluGradient(
  dy: usize,
  x: usize,
  alpha: usize,
  dx: usize,
  count: i32,
  slopes: i32,
  sums: usize,
): void {
  // One slope for all: the whole array is one row, and its sums share four places.
  const one = slopes == 1;
  const width = one ? count : slopes;
  memory.fill(sums, 0, (<usize>((slopes + 3) & ~3)) << 3);
  const single = f32x4.splat(one ? load<f32>(alpha) : 0);
  const none = f32x4.splat(0);
  for (let done = 0; done < count; done += width) {
    for (let c = 0; c < width; c += 4) {
      const lanes = width - c;
      const at = (<usize>c) << 2;
      const v = loadLanes(x + at, lanes);
      const g = loadLanes(dy + at, lanes);
      const a = one ? single : loadLanes(alpha + at, lanes);
      const kept = f32x4.gt(v, none);
      storeLanes(dx + at, v128.bitselect(g, f32x4.mul(a, g), kept), lanes);
      // Entries with x > 0 count as 0 times 0: what stands there must not leak.
      const gb = v128.andnot(g, kept);
      const vb = v128.andnot(v, kept);
      const to = one ? sums : sums + (at << 1);
      const low = f64x2.mul(f64x2.promote_low_f32x4(gb), f64x2.promote_low_f32x4(vb));
      v128.store(to, f64x2.add(v128.load(to), low));
      v128.store(to, f64x2.add(v128.load(to, 16), f64x2.mul(high(gb), high(vb))), 16);
    }
    const bytes = (<usize>width) << 2;
    dy += bytes;
    x += bytes;
    dx += bytes;
  }
  if (one) {
    const low = load<f64>(sums) + load<f64>(sums, 8);
    store<f64>(sums, low + (load<f64>(sums, 16) + load<f64>(sums, 24)));
  }
}
