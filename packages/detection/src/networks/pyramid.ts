/**
 * A feature pyramid (FPN, arXiv 1612.03144, figure 3): from the coarsest stage down, each map is its stage through a 1x1 convolution plus the
 * doubled map above it, then smoothed by 3x3. P6, every second pixel of P5, is for proposals of large objects alone.
 */
import { layers } from '@surge-bnn/core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import type { DetectorContext, FasterRcnnOptions } from './options.js';
import { conv, on } from './parts.js';

/** @param stages C2 to C5. @returns P2 to P6. */
export function pyramid(
  stages: readonly SymbolicTensor[],
  { neckPrecision, neckWidth, momentum }: FasterRcnnOptions,
  context: DetectorContext,
): SymbolicTensor[] {
  const options = { precision: neckPrecision, momentum };
  const maps: SymbolicTensor[] = [];
  let above: SymbolicTensor | undefined;
  for (let k = stages.length - 1; k >= 0; k--) {
    const lateral = conv(`fpn.inner_blocks.${k}`, neckWidth, 1, options, context)(stages[k]);
    above =
      above === undefined
        ? lateral
        : on(tfl.layers.add({ name: `fpn.sum.${k}` }), [
            lateral,
            on(layers.doubled2d({ name: `fpn.doubled.${k}` }), above),
          ]);
    maps.unshift(conv(`fpn.layer_blocks.${k}`, neckWidth, 3, options, context)(above));
  }
  const coarsest = maps[maps.length - 1];
  return [...maps, on(layers.maxPool2d({ name: 'fpn.pool', poolSize: 1, strides: 2 }), coarsest)];
}
