/** Reference of two values by the sign and of their backward. The formulas stand in @surge-bnn/contract. */
import type { TwoValuesGradientAttrs } from '@surge-bnn/contract';

export function twoValues(
  x: Float32Array,
  shift: Float32Array | undefined,
  y: Float32Array,
  low: number,
  high: number,
): 0 | 1 {
  for (let i = 0; i < x.length; i++) {
    const t = moved(x, shift, i);
    if (Number.isNaN(t)) return 1;
    y[i] = t < 0 ? low : high;
  }
  return 0;
}

export function twoValuesGradient(
  dy: Float32Array,
  x: Float32Array,
  shift: Float32Array | undefined,
  dx: Float32Array,
  sums: Float32Array,
  dshift: Float32Array | undefined,
  attrs: TwoValuesGradientAttrs,
): void {
  const { fround } = Math;
  const [scale, width, factor] = [attrs.scale, attrs.width, attrs.factor].map(fround);
  const byShift = new Float64Array(dshift?.length ?? 0);
  let [withSign, plain, along] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const t = moved(x, shift, i);
    const q = fround(t / scale);
    const u = attrs.k === 2 ? fround(fround(2 * q) - 1) : q;
    const inside = Math.abs(u) <= width;
    dx[i] = inside ? fround(factor * dy[i]) : 0;
    withSign += u < 0 ? -dy[i] : dy[i];
    plain += dy[i];
    along += inside ? dx[i] * t : 0;
    if (byShift.length > 0) byShift[i % byShift.length] += dx[i];
  }
  sums.set([withSign, plain, along]);
  dshift?.set(byShift);
}

function moved(x: Float32Array, shift: Float32Array | undefined, i: number): number {
  return shift === undefined ? x[i] : Math.fround(x[i] + shift[i % shift.length]);
}
