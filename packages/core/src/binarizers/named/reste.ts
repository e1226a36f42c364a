/**
 * ReSTE (Wu et al. 2023, arXiv 2308.06689): the derivative of a root that tends to the sign.
 *
 *     weights mean |W| sign(W), one mean for the layer, not detached;  inputs sign(x)
 *     slope: m^(1/o) / m for |u| <= m, (1/o) |u|^((1-o)/o) for m < |u| <= 1.5, else 0; m = 0.1
 *     o = 1 + (1 - cos(pi p / 2)) (o_end - 1), o_end = 3
 *     dL/dW_i = mean |W| G_i s(W_i) + sign(W_i) / N sum_j G_j sign(W_j)
 *
 * Traps. At o = 1 the slope is a box of half-width 1.5. It jumps at |u| = m: for o = 3 from 4.64, the chord, to 1.55. The scale is one
 * number for the layer, not one per filter, and its own term is part of the gradient.
 */
import { InputError } from '@surge-bnn/contract';
import type { Sides } from '../binarizer.js';
import { liveLayerScale } from '../scales.js';
import { powerSurrogate } from '../surrogates.js';
import { noTransform } from '../transforms.js';

export interface ReSTEOptions {
  /** o at p = 1, >= 1. Default 3. */
  readonly end?: number;
}

export function reSTE({ end = 3 }: ReSTEOptions = {}): Sides {
  if (typeof end !== 'number' || !(end >= 1 && end < Infinity)) {
    throw new InputError(`end is the order o at p = 1, a number >= 1, got ${JSON.stringify(end)}`);
  }
  const surrogate = powerSurrogate(
    (p) => 1 + (1 - Math.cos((Math.PI * p) / 2)) * (end - 1),
    0.1,
    1.5,
  );
  const shared = {
    schedule: `o = 1 + ${end - 1} (1 - cos(pi p/2))`,
    source: 'ReSTE, arXiv 2308.06689',
  };
  const slope = '|u|^((1-o)/o)/o up to 1.5, a chord below 0.1';
  return {
    input: {
      name: 'reste',
      transform: noTransform,
      surrogate,
      describe: { forward: 'sign(x)', backward: `g ${slope}`, ...shared },
    },
    weight: {
      name: 'reste',
      transform: noTransform,
      surrogate,
      scale: liveLayerScale,
      describe: {
        forward: 'mean|W| sign(W), mean of the layer',
        backward: `${slope}, and through the live mean`,
        ...shared,
      },
    },
  };
}
