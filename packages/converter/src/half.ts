/** Rounding to float16. */

const float = new DataView(new ArrayBuffer(4));

/**
 * The bits of the float16 nearest to a float32, ties to the even one; Infinity from 65520 on. NaN is not expected.
 *
 * A float16 is sign, 5 bits of exponent (bias 15), 10 bits of fraction; a float32 has 8 (bias 127) and 23. So the
 * fraction loses its lowest 13 bits, or more where the result is subnormal (below 2^-14), whose unit is 2^-24.
 */
export function halfBits(value: number): number {
  float.setFloat32(0, value);
  const bits = float.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127;
  if (exponent < -25) return sign; // below half of the smallest subnormal number
  if (exponent > 15) return sign | 0x7c00;
  const significand = (bits & 0x7fffff) | 0x800000;
  const lost = exponent < -14 ? 13 + (-14 - exponent) : 13;
  const kept = significand >>> lost;
  const rest = significand - kept * 2 ** lost;
  const half = 2 ** (lost - 1);
  const up = rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0;
  // The leading 1 of a normal number counts as 1 in the exponent's field; a carry runs into the exponent as it should.
  const base = exponent < -14 ? 0 : (exponent + 14) << 10;
  return sign | (base + kept + up);
}
