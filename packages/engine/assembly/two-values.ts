/**
 * Two values by the sign, and their backward through a box; the formulas are in @surge-bnn/contract, kernels.ts.
 */
import { high } from './column-sums';
import { loadLanes, storeLanes } from './lanes';

/** `rows` rows of `width` entries; rows of one are all one row. Returns 1 where a NaN was found. `shift` 0: none. */
export function twoValues(
  x: usize,
  shift: usize,
  y: usize,
  rows: i32,
  width: i32,
  low: f32,
  top: f32,
): i32 {
  const one = width == 1;
  const count = one ? rows : width;
  const single = f32x4.splat(one && shift ? load<f32>(shift) : 0);
  const below = f32x4.splat(low);
  const above = f32x4.splat(top);
  const none = f32x4.splat(0);
  let broken = none;
  for (let r = one ? 1 : rows; r > 0; r--) {
    for (let c = 0; c < count; c += 4) {
      const lanes = count - c;
      const at = (<usize>c) << 2;
      const s = one ? single : loadLanes(shift + at, lanes);
      const t = f32x4.add(loadLanes(x + at, lanes), s);
      // Lanes beyond the row hold the shift alone.
      broken = v128.or(broken, f32x4.ne(t, t));
      storeLanes(y + at, v128.bitselect(below, above, f32x4.lt(t, none)), lanes);
    }
    x += (<usize>count) << 2;
    y += (<usize>count) << 2;
  }
  return v128.any_true(broken) ? 1 : 0;
}

/** `sums`: f64, the three sums and a free place, then those of the channels, with room for a multiple of 4. */
export function twoValuesGradient(
  dy: usize,
  x: usize,
  shift: usize,
  dx: usize,
  rows: i32,
  width: i32,
  scale: f32,
  k: i32,
  box: f32,
  factor: f32,
  sums: usize,
): void {
  const one = width == 1;
  const count = one ? rows : width;
  const channels = sums + 32;
  memory.fill(channels, 0, (<usize>((width + 3) & ~3)) << 3);
  const single = f32x4.splat(one && shift ? load<f32>(shift) : 0);
  const divisor = f32x4.splat(scale);
  const edge = f32x4.splat(box);
  const slope = f32x4.splat(factor);
  const none = f32x4.splat(0);
  const unit = f32x4.splat(1);
  const signBit = i32x4.splat(0x80000000);
  let withSign = f64x2.splat(0);
  let plain = f64x2.splat(0);
  let along = f64x2.splat(0);
  let all = f64x2.splat(0);
  for (let r = one ? 1 : rows; r > 0; r--) {
    for (let c = 0; c < count; c += 4) {
      const lanes = count - c;
      const at = (<usize>c) << 2;
      const g = loadLanes(dy + at, lanes);
      const t = f32x4.add(loadLanes(x + at, lanes), one ? single : loadLanes(shift + at, lanes));
      const q = f32x4.div(t, divisor);
      const u = k == 2 ? f32x4.sub(f32x4.add(q, q), unit) : q;
      const inside = f32x4.le(f32x4.abs(u), edge);
      const d = v128.and(f32x4.mul(g, slope), inside);
      storeLanes(dx + at, d, lanes);
      const signed = v128.xor(g, v128.and(f32x4.lt(u, none), signBit));
      withSign = f64x2.add(withSign, sumOf(signed));
      plain = f64x2.add(plain, sumOf(g));
      // Outside of the box t may be infinite.
      const kept = v128.and(t, inside);
      const low = f64x2.mul(f64x2.promote_low_f32x4(d), f64x2.promote_low_f32x4(kept));
      along = f64x2.add(along, f64x2.add(low, f64x2.mul(high(d), high(kept))));
      if (one) {
        all = f64x2.add(all, sumOf(d));
      } else {
        const to = channels + (at << 1);
        v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(d)));
        v128.store(to, f64x2.add(v128.load(to, 16), high(d)), 16);
      }
    }
    const bytes = (<usize>count) << 2;
    dy += bytes;
    x += bytes;
    dx += bytes;
  }
  store<f64>(sums, bothOf(withSign));
  store<f64>(sums, bothOf(plain), 8);
  store<f64>(sums, bothOf(along), 16);
  store<f64>(sums, 0, 24);
  if (one) store<f64>(channels, bothOf(all));
}

function sumOf(v: v128): v128 {
  return f64x2.add(f64x2.promote_low_f32x4(v), high(v));
}

function bothOf(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}
