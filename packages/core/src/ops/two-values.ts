/**
 * Signs of a transformed tensor as two values, and the way of a gradient back through a box, by an engine's kernels in one pass each. Only where the binarizer has
 * the form that they know; composed ops stand in for them elsewhere.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import {
  TWO_VALUES,
  TWO_VALUES_GRADIENT,
  type TwoValuesAttrs,
  type TwoValuesGradientAttrs,
} from '@surge-bnn/contract';
import type { Binarizer, Progress } from '../binarizers/binarizer.js';
import type { Carried } from './input-side.js';
import { hasKernel, runKernel } from './kernel-registry.js';

const numberOf = (t: Tensor | undefined, otherwise: number): number =>
  t === undefined ? otherwise : t.dataSync()[0];

/** b(x), or undefined where no kernel does it. In a tidy. */
export function twoValues(
  x: Tensor,
  { transform, set, levels }: Binarizer,
  parameters: readonly Tensor[],
  p: Progress,
  layer: string,
): Tensor | undefined {
  if (levels !== undefined || !hasKernel(TWO_VALUES)) return undefined;
  const signs = transform.signs?.(parameters, p);
  if (signs === undefined || signs.factor !== undefined) return undefined;
  const { shift } = signs;
  if (!isPerChannel(x, shift)) return undefined;
  const values = set?.values(parameters, p);
  const [scale, offset] = [numberOf(values?.scale, 1), numberOf(values?.offset, 0)];
  const attrs: TwoValuesAttrs = { low: offset - scale, high: offset + scale, layer };
  const given: Record<string, Tensor> = { x, ...(shift === undefined ? {} : { shift }) };
  return runKernel(TWO_VALUES, given, attrs)[0];
}

/** A gradient at b(x) carried to x and to the parameters of its transform, and what the gradients at the two values are made of. */
export interface ThroughBox extends Carried {
  /** Sums over the tensor of dy sign(u) and of dy, [1] each. */
  readonly sums: readonly [Tensor, Tensor];
}

/** As `throughInput`, or undefined where no kernel does it. In a tidy. */
export function throughBox(
  dy: Tensor,
  x: Tensor,
  { transform, surrogate, set, levels }: Binarizer,
  parameters: readonly Tensor[],
  p: Progress,
): ThroughBox | undefined {
  if (levels !== undefined || !hasKernel(TWO_VALUES_GRADIENT)) return undefined;
  const { box } = surrogate;
  if (box === undefined) return undefined;
  const elastic = transform.elastic?.(parameters);
  if (elastic === undefined || !isPerChannel(x, elastic.shift)) return undefined;
  const { k, shift } = elastic;
  const scale = numberOf(elastic.scale, 1);
  const factor = (numberOf(set?.values(parameters, p).scale, 1) * box.height * k) / scale;
  const attrs: TwoValuesGradientAttrs = { scale, k, width: box.width, factor };
  const given: Record<string, Tensor> = { dy, x, ...(shift === undefined ? {} : { shift }) };
  const [input, three, atShift] = runKernel(TWO_VALUES_GRADIENT, given, attrs);
  const [withSign, plain, along] = tf.split(three, 3);
  return {
    input,
    parameters: elastic.parameters(tf.reshape(along, []), atShift, x.size),
    sums: [withSign, plain],
  };
}

function isPerChannel(x: Tensor, shift: Tensor | undefined): boolean {
  return shift === undefined || shift.size === 1 || shift.size === x.shape.at(-1);
}
