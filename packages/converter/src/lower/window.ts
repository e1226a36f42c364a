/** Windows of convolutions and pools, in the graph's terms. */
import { convGeometry, InputError } from '@surge-bnn/contract';
import type { ConvGeometry, ConvOptions } from '@surge-bnn/contract';
import type { Window } from '@surge-bnn/runtime';

/**
 * The window of a geometry. A graph says how many rows are added on every side. Those below follow from what the last
 * window reaches; where it does not reach the last row of the picture there are none.
 */
export function windowOf(g: ConvGeometry): Window {
  const after = (out: number, stride: number, filter: number, dilation: number, size: number) =>
    (out - 1) * stride + (filter - 1) * dilation + 1 - size;
  const bottom = after(g.outHeight, g.strideHeight, g.filterHeight, g.dilationHeight, g.inHeight);
  const right = after(g.outWidth, g.strideWidth, g.filterWidth, g.dilationWidth, g.inWidth);
  return {
    size: [g.filterHeight, g.filterWidth],
    strides: [g.strideHeight, g.strideWidth],
    dilations: [g.dilationHeight, g.dilationWidth],
    pads: [g.padTop, g.padLeft, Math.max(0, bottom - g.padTop), Math.max(0, right - g.padLeft)],
  };
}

/** @param picture [height, width, channels]. @param kernel [height, width, inChannels / groups, filters]. */
export function convWindow(
  picture: readonly number[],
  kernel: readonly number[],
  options: ConvOptions,
  layer: string,
): Window {
  return windowOf(convGeometry([1, ...picture], kernel, options, `layer "${layer}"`));
}

/** The padding option of TF.js layers. */
export function namedPadding(value: unknown, layer: string): 'same' | 'valid' {
  if (value === 'same' || value === 'valid') return value;
  throw new InputError(
    `layer "${layer}": padding ${JSON.stringify(value)} is not supported; allowed: same, valid`,
  );
}
