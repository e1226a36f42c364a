/** Rounding to int8. */

/** A kernel as integers: weight i is about integers[i] * scale[i mod filters]. */
export interface Int8Kernel {
  /** From -127 to 127. */
  readonly integers: Int8Array;
  /** Of each filter, float32. */
  readonly scale: Float32Array;
}

/**
 * Each filter by itself: its largest |w| becomes 127, so that scale = fround(max |w| / 127) and an integer is w / scale,
 * rounded to the nearest, ties to even. A filter of zeros, or of numbers too small for a scale, becomes zeros.
 *
 * @param values finite; filters innermost.
 */
export function int8Kernel(values: Float32Array, filters: number): Int8Kernel {
  const largest = new Float32Array(filters);
  values.forEach((w, i) => {
    largest[i % filters] = Math.max(largest[i % filters], Math.abs(w));
  });
  const scale = largest.map((size) => size / 127);
  const integers = Int8Array.from(values, (w, i) => {
    const step = scale[i % filters];
    return step === 0 ? 0 : int8Of(w / step);
  });
  return { integers, scale };
}

/** The integer nearest to a number, the even one of two, limited to [-127, 127]. */
export function int8Of(value: number): number {
  const limited = Math.min(127, Math.max(-127, value));
  const below = Math.floor(limited);
  const rest = limited - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 !== 0);
  return up ? below + 1 : below;
}
