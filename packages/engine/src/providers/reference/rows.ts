/**
 * Reference of the kernels that move numbers: rows looked up in a table, its gradient, transposition, and runs.
 */
import type { RunLayout } from '../provider.js';

/** y[i] = x[ids[i]], rows of `inner` entries. */
export function gather(x: Float32Array, ids: Int32Array, y: Float32Array, inner: number): void {
  for (let i = 0; i < ids.length; i++) {
    for (let j = 0; j < inner; j++) y[i * inner + j] = x[ids[i] * inner + j];
  }
}

/** y[s] = sum of x[i] over the i with ids[i] = s, rows of `inner` entries; other ids count nowhere. */
export function segmentSum(x: Float32Array, ids: Int32Array, y: Float32Array, inner: number): void {
  y.fill(0);
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] < 0 || (ids[i] + 1) * inner > y.length) continue;
    for (let j = 0; j < inner; j++) y[ids[i] * inner + j] += x[i * inner + j];
  }
}

/** y[i, j, ..] = x[i steps[0] + j steps[1] + ..]; y is dense. */
export function transpose(
  x: Float32Array,
  y: Float32Array,
  sizes: readonly number[],
  steps: readonly number[],
): void {
  for (let to = 0; to < y.length; to++) {
    let rest = to;
    let from = 0;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += (rest % sizes[axis]) * steps[axis];
      rest = Math.floor(rest / sizes[axis]);
    }
    y[to] = x[from];
  }
}

/** y[yStart + r yStep + i] = x[xStart + r xStep + i]. */
export function copyRuns(x: Float32Array, y: Float32Array, layout: RunLayout): void {
  const { rows, length, xStart, xStep, yStart, yStep } = layout;
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < length; i++) y[yStart + r * yStep + i] = x[xStart + r * xStep + i];
  }
}
