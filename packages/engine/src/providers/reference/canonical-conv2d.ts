/**
 * Reference of the convolution of canonical evaluation: one output after the other, from +0 over the window's rows, its
 * columns and the channels of the group, then the bias, in f64; the store rounds. The order is the contract.
 */
import type { ConvGeometry, PadValue } from '@surge-bnn/contract';
import { inputColumn, inputRow, isInside } from './window.js';

/** y = conv(x, kernel) + bias; what lies outside the picture is `padValue`, and is skipped when that is 0. */
export function canonicalConv2d(
  x: Float32Array,
  kernel: Float32Array,
  bias: Float32Array | undefined,
  y: Float32Array,
  g: ConvGeometry,
  padValue: PadValue,
): void {
  let at = 0;
  for (let n = 0; n < g.batch; n++) {
    for (let oh = 0; oh < g.outHeight; oh++) {
      for (let ow = 0; ow < g.outWidth; ow++) {
        for (let o = 0; o < g.outChannels; o++) {
          const sum = windowSum(x, kernel, g, padValue, [n, oh, ow, o]);
          y[at++] = bias === undefined ? sum : sum + bias[o];
        }
      }
    }
  }
}

function windowSum(
  x: Float32Array,
  kernel: Float32Array,
  g: ConvGeometry,
  padValue: PadValue,
  [n, oh, ow, o]: readonly [number, number, number, number],
): number {
  const channels = g.inChannels / g.groups;
  const group = Math.floor(o / (g.outChannels / g.groups));
  let sum = 0;
  for (let fh = 0; fh < g.filterHeight; fh++) {
    for (let fw = 0; fw < g.filterWidth; fw++) {
      const [row, column] = [inputRow(g, oh, fh), inputColumn(g, ow, fw)];
      const inside = isInside(g, row, column);
      if (!inside && padValue === 0) continue;
      for (let c = 0; c < channels; c++) {
        const pixel = (n * g.inHeight + row) * g.inWidth + column;
        const value = inside ? x[pixel * g.inChannels + group * channels + c] : padValue;
        sum += value * kernel[((fh * g.filterWidth + fw) * channels + c) * g.outChannels + o];
      }
    }
  }
  return sum;
}
