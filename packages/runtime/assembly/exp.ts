/** exp of src/kernels/exp.ts, where it is derived, operation by operation. */
export function exp(x: f64): f64 {
  if (!(x > -746)) return x <= -746 ? 0 : NaN;
  if (x > 710) return Infinity;
  const scaled = x * 1.4426950408889634;
  // The nearest integer, of two the larger; to add 0.5 first could round up.
  let k = Math.floor(scaled);
  if (scaled - k >= 0.5) k += 1;
  const r = x - k * 6.9314718036912381649e-1 - k * 1.90821492927058770002e-10;
  let sum: f64 = 1;
  for (let n: f64 = 13; n > 0; n--) sum = 1 + (r / n) * sum;
  const whole = <i32>k;
  const half = whole / 2;
  return sum * powerOfTwo(half) * powerOfTwo(whole - half);
}

/** 2^k from its bits. */
function powerOfTwo(k: i32): f64 {
  return reinterpret<f64>((<i64>(k + 1023)) << 52);
}
