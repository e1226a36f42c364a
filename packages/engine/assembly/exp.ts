/**
 * exp of four floats, for the swish surrogate, softmax and the element-wise kernel.
 *
 * exp(x) = 2^n exp(r) with n = round(x / ln 2) and |r| <= ln 2 / 2; ln 2 is subtracted in two parts so that r is exact
 * to float32; exp(r) is the minimax polynomial of Cephes' expf (public domain). Error below 2 units in
 * the last place. Below -87.33 the result is 0 (no subnormals), above 88.72 it is Infinity; NaN stays NaN.
 */
export function exp4(x: v128): v128 {
  const limited = f32x4.max(f32x4.min(x, f32x4.splat(88.7228)), f32x4.splat(-87.3365));
  const n = f32x4.nearest(f32x4.mul(limited, f32x4.splat(1.44269504)));
  let r = f32x4.sub(limited, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
  let p = f32x4.splat(1.98756915e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1));
  // 2^n in two factors, because n reaches 128 where the exponent field ends at 127.
  const whole = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(whole, 1);
  const rest = i32x4.sub(whole, half);
  const bias = i32x4.splat(127);
  p = f32x4.mul(p, i32x4.shl(i32x4.add(half, bias), 23));
  p = f32x4.mul(p, i32x4.shl(i32x4.add(rest, bias), 23));
  p = v128.andnot(p, f32x4.lt(x, f32x4.splat(-87.3365)));
  return v128.bitselect(f32x4.splat(Infinity), p, f32x4.gt(x, f32x4.splat(88.7228)));
}
