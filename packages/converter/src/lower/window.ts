/** Windows of convolutions and pools, in the graph's terms. */
import { convGeometry, InputError, paddings } from '@surge-bnn/contract';
import type { ConvGeometry, ConvOptions } from '@surge-bnn/contract';
import type { Window } from '@surge-bnn/runtime';

/** The window of a geometry. A graph says how many rows are added on every side. */
export function windowOf(g: ConvGeometry): Window {
  return {
    size: [g.filterHeight, g.filterWidth],
    strides: [g.strideHeight, g.strideWidth],
    dilations: [g.dilationHeight, g.dilationWidth],
    pads: paddings(g),
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
