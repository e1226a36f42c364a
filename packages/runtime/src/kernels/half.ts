/**
 * The number that 16 bits of float16 are: sign, 5 bits of exponent (bias 15), 10 bits of fraction. Exact, because every
 * float16 is a float32. An exponent of zeros has no leading 1 (subnormal numbers, unit 2^-24), one of ones is an infinity or NaN.
 */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  const significand = exponent === 0 ? 2 * fraction : (1024 + fraction) * (1 << exponent);
  return (sign * significand) / 2 ** 25;
}
