/** Results of lanes: rounded, and stored so that what stands behind an output stays. */

/** The first `used` of eight. */
export function storeEight(low: v128, high: v128, used: i32, out: usize): void {
  if (used == 8) {
    v128.store(out, low);
    v128.store(out, high, 16);
  } else {
    storeFew(low, used, out);
    if (used > 4) storeFew(high, used - 4, out + 16);
  }
}

/** The first `count`, at most four. */
export function storeFew(v: v128, count: i32, out: usize): void {
  if (count >= 4) {
    v128.store(out, v);
    return;
  }
  store<i32>(out, i32x4.extract_lane(v, 0));
  if (count > 1) store<i32>(out, i32x4.extract_lane(v, 1), 4);
  if (count > 2) store<i32>(out, i32x4.extract_lane(v, 2), 8);
}

/** Four f64 as four f32. */
export function rounded(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 2);
}
