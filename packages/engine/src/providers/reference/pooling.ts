/**
 * Reference of max and average pooling and their gradients, NHWC. A NaN never wins a maximum, as in
 * TF.js; a window without any comparable entry gives -Infinity and passes no gradient.
 */
import type { PoolGeometry } from '../provider.js';
import { inputColumn, inputRow, isInside } from './window.js';

/** y = the largest entry of each window; padding never wins. */
export function maxPool(x: Float32Array, y: Float32Array, g: PoolGeometry): void {
  visitWindows(g, (iy, window) => {
    const winner = firstMaximum(x, window);
    y[iy] = winner < 0 ? -Infinity : x[winner];
  });
}

/** The gradient goes to the first maximum of each window, in row-major order. */
export function maxPoolGradient(
  dy: Float32Array,
  x: Float32Array,
  dx: Float32Array,
  g: PoolGeometry,
): void {
  const sums = new Float64Array(dx.length);
  visitWindows(g, (iy, window) => {
    const winner = firstMaximum(x, window);
    if (winner >= 0) sums[winner] += dy[iy];
  });
  dx.set(sums);
}

/** y = the mean over the entries of the window that lie inside the picture, as TF.js has it. */
export function avgPool(x: Float32Array, y: Float32Array, g: PoolGeometry): void {
  visitWindows(g, (iy, window) => {
    let sum = 0;
    for (const ix of window) sum += x[ix];
    y[iy] = sum / window.length;
  });
}

/**
 * The gradient of `avgPool`: each entry inside the picture gets dy / (entries inside). This is the
 * derivative of the forward; TF.js 4.22's `cpu` divides by the whole window even at the borders.
 */
export function avgPoolGradient(dy: Float32Array, dx: Float32Array, g: PoolGeometry): void {
  const sums = new Float64Array(dx.length);
  visitWindows(g, (iy, window) => {
    for (const ix of window) sums[ix] += dy[iy] / window.length;
  });
  dx.set(sums);
}

function firstMaximum(x: Float32Array, window: readonly number[]): number {
  let winner = -1;
  for (const ix of window) {
    if (!Number.isNaN(x[ix]) && (winner < 0 || x[ix] > x[winner])) winner = ix;
  }
  return winner;
}

/** Calls `visit` with each output's index and the input indices of its window that are no padding. */
function visitWindows(g: PoolGeometry, visit: (iy: number, window: number[]) => void): void {
  for (let n = 0; n < g.batch; n++) {
    for (let oh = 0; oh < g.outHeight; oh++) {
      for (let ow = 0; ow < g.outWidth; ow++) {
        for (let c = 0; c < g.inChannels; c++) {
          const window: number[] = [];
          for (let fh = 0; fh < g.filterHeight; fh++) {
            for (let fw = 0; fw < g.filterWidth; fw++) {
              const row = inputRow(g, oh, fh);
              const column = inputColumn(g, ow, fw);
              if (isInside(g, row, column)) {
                window.push(((n * g.inHeight + row) * g.inWidth + column) * g.inChannels + c);
              }
            }
          }
          visit(((n * g.outHeight + oh) * g.outWidth + ow) * g.inChannels + c, window);
        }
      }
    }
  }
}
