/**
 * Reference of the activation behind a shortcut and of its gradient. The bounds are float32 numbers, like what they bound.
 */

/** y = min(max(a + b, low), high), the sum rounded once; without b of a alone. A NaN stays NaN. */
export function addClip(
  a: Float32Array,
  b: Float32Array | undefined,
  y: Float32Array,
  low: number,
  high: number,
): void {
  const [lowest, highest] = [Math.fround(low), Math.fround(high)];
  for (let i = 0; i < a.length; i++) {
    const sum = b === undefined ? a[i] : Math.fround(a[i] + b[i]);
    y[i] = Math.min(Math.max(sum, lowest), highest);
  }
}

/** dx = dy where low < y < high, else 0: also at the bounds, and where y is NaN. */
export function addClipGradient(
  dy: Float32Array,
  y: Float32Array,
  dx: Float32Array,
  low: number,
  high: number,
): void {
  const [lowest, highest] = [Math.fround(low), Math.fround(high)];
  for (let i = 0; i < y.length; i++) dx[i] = y[i] > lowest && y[i] < highest ? dy[i] : 0;
}
