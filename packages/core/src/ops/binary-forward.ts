/**
 * Forward of a binary layer. Of plain signs y = conv(sign(u), sign(v)), an exact integer, and the scale behind it. With other pairs of
 * values, inputs alpha s + o and weights a B + b, the product falls into sums of signs, each exact:
 *
 *     y = alpha a conv(s, B) + [o a conv(1, B) + o b conv(1, 1)] + alpha b conv(s, 1)
 *
 * in this order, each operation rounded to float32; a packed model does the same. The bracket depends on no input. Where inputs
 * stay float or weights are still real, float products stand in the place of integers. Inputs of more levels than two are small whole numbers s: their
 * sums are exact, too, by float products.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError, SIGN_CONV_2D } from '@surge-bnn/contract';
import type { ConvGeometry, PadValue, SignConv2DAttrs } from '@surge-bnn/contract';
import { noTransform } from '../binarizers/transforms.js';
import type { BinaryPlan } from './binary-plan.js';
import { takeApart } from './binary-plan.js';
import { convForward } from './float-conv.js';
import { levelsOf, signed } from './input-side.js';
import { hasKernel, runKernel } from './kernel-registry.js';
import { holdsNaN, readsAreCheap, refuseNaN, signOf } from './sign.js';
import { weightParts } from './weight-side.js';

/** One side of a product: numbers, or the signs of numbers. */
interface Operand {
  readonly values: Tensor;
  readonly signs: boolean;
}

/** The composed kernel BINARY_CONV_2D (auxiliary weights are inputs of it but play no part in forward). */
export function binaryForward(inputs: readonly Tensor[], plan: BinaryPlan): Tensor[] {
  const { x, kernel, inputParameters, transformParameters, scaleParameters } = takeApart(
    inputs,
    plan,
  );
  const { input, weight, p, padValue, geometry } = plan;
  const parts = weightParts(weight, { kernel, transformParameters, scaleParameters }, p);
  const weights: Operand =
    parts.real === undefined
      ? { values: parts.v, signs: true }
      : { values: parts.real, signs: false };
  if (weight.transform !== noTransform) refuseFlatFilters(parts.v, kernel, plan);
  const operand = operandOf(x, inputParameters, plan);
  const set = input === 'none' ? undefined : input.set?.values(inputParameters, p);

  let y = times(
    product(operand, weights, geometry, padValue, plan.layer),
    times(set?.scale, parts.scale),
  );
  if (set !== undefined) y = tf.add(y, constantPart(plan, weights, set.offset, parts));
  if (parts.offset !== undefined) {
    const sums = windowSums(operand, geometry, padValue, plan.layer);
    y = tf.add(y, tf.mul(sums, times(set?.scale, parts.offset)));
  }
  return [y];
}

function operandOf(x: Tensor, parameters: readonly Tensor[], plan: BinaryPlan): Operand {
  const { input, p } = plan;
  if (input === 'none') return { values: x, signs: false };
  const { levels } = input;
  return levels === undefined
    ? { values: signed(x, input, parameters, p), signs: true }
    : { values: levelsOf(x, levels, input, parameters, plan), signs: false };
}

/** @throws InputError where the transform has no number for a filter: those that standardise divide by its deviation, which may be 0. */
function refuseFlatFilters(v: Tensor, kernel: Tensor, { layer, weight }: BinaryPlan): void {
  if (!readsAreCheap()) return;
  if (!holdsNaN(v) || holdsNaN(kernel)) return;
  throw new InputError(
    `layer "${layer}": all weights of a filter are equal (or it has only one), and "${weight.name}" divides by their standard deviation; give it other initial weights or another binarizer`,
  );
}

/** o a conv(1, B) + o b conv(1, 1), [1, outHeight, outWidth, outChannels]: what the inputs' offset adds to every picture. */
function constantPart(
  { geometry, padValue, layer }: BinaryPlan,
  weights: Operand,
  offset: Tensor,
  { scale, offset: weightOffset }: { readonly scale?: Tensor; readonly offset?: Tensor },
): Tensor {
  const one: ConvGeometry = { ...geometry, batch: 1 };
  const ones = onesPicture(one);
  // Padded with a sign, the border has the offset, too; padded with 0 it has nothing.
  const pad = borderOfOnes(padValue);
  const part = tf.mul(product(ones, weights, one, pad, layer), times(offset, scale));
  if (weightOffset === undefined) return part;
  return tf.add(part, tf.mul(windowSums(ones, one, pad, layer), times(offset, weightOffset)));
}

/** A picture of ones of the geometry's sizes. */
export function onesPicture(g: ConvGeometry): Operand {
  return { values: tf.ones([g.batch, g.inHeight, g.inWidth, g.inChannels]), signs: true };
}

/** What stands outside a picture of ones that is 0, or the offset, where the binary input is padded with `padValue`. */
export const borderOfOnes = (padValue: PadValue): PadValue => (padValue === 0 ? 0 : 1);

/** conv(operand, 1): the sum over each window, for each output channel (of its group) or, with one group, for all in one. */
function windowSums(operand: Operand, g: ConvGeometry, padValue: PadValue, layer: string): Tensor {
  const { filterHeight, filterWidth, inChannels, groups } = g;
  const shape = [filterHeight, filterWidth, inChannels / groups, groups];
  const ones: Operand = { values: tf.ones(shape), signs: true };
  const sums = product(operand, ones, { ...g, outChannels: groups }, padValue, layer);
  if (groups === 1) return sums;
  const each = g.outChannels / groups;
  const spread = tf.tile(tf.reshape(sums, [sums.size, 1]), [1, each]);
  return tf.reshape(spread, [...sums.shape.slice(0, 3), g.outChannels]);
}

/** conv of the two: XOR-popcount where both are signs and the backend has it, float products elsewhere. */
function product(
  operand: Operand,
  weights: Operand,
  geometry: ConvGeometry,
  padValue: PadValue,
  layer: string,
): Tensor {
  if (operand.signs && weights.signs && hasKernel(SIGN_CONV_2D)) {
    const attrs: SignConv2DAttrs = { geometry, padValue, layer };
    return runKernel(SIGN_CONV_2D, { x: operand.values, kernel: weights.values }, attrs)[0];
  }
  // A NaN in a float input is no third sign: it goes through, as in any float layer.
  if (operand.signs) refuseNaN(operand.values, 'input', layer);
  if (weights.signs) refuseNaN(weights.values, 'kernel', layer);
  const numbers = ({ values, signs }: Operand) => (signs ? signOf(values) : values);
  return convForward(numbers(operand), numbers(weights), geometry, padValue);
}

function times(a: Tensor, b: Tensor | undefined): Tensor;
function times(a: Tensor | undefined, b: Tensor): Tensor;
function times(a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined;
function times(a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return tf.mul(a, b);
}
