/**
 * Reference of the sum over one block of axes, accumulated in float64.
 */

/** y[o, i] = sum over r of x[o, r, i]. */
export function sum(
  x: Float32Array,
  y: Float32Array,
  outer: number,
  reduced: number,
  inner: number,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let total = 0;
      for (let r = 0; r < reduced; r++) total += x[(o * reduced + r) * inner + i];
      y[o * inner + i] = total;
    }
  }
}
