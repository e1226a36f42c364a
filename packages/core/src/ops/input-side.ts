/**
 * What stands between x and the products of the binary branch: a transform and a sign or a level, whose backward is the surrogate's, then
 * perhaps another scale and offset of them than 1 and 0; or nothing at all (inputBinarizer 'none').
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Binarizer, InputLevels, Progress } from '../binarizers/binarizer.js';
import type { BinaryPlan } from './binary-plan.js';
import { refuseNaN, signOf } from './sign.js';

/** A tensor with the signs of the transformed x. In a tidy; x itself where the transform changes no sign. */
export function signed(
  x: Tensor,
  { transform }: Binarizer,
  parameters: readonly Tensor[],
  p: Progress,
): Tensor {
  if (transform.signs === undefined) return transform.forward(x, parameters, p);
  const { factor, shift } = transform.signs(parameters, p);
  const scaled = factor === undefined ? x : tf.mul(x, factor);
  return shift === undefined ? scaled : tf.add(scaled, shift);
}

/** What meets the weights: a sign, or a level where there are more than two. In a tidy. */
export function coded(
  x: Tensor,
  binarizer: Binarizer,
  parameters: readonly Tensor[],
  p: Progress,
): Tensor {
  const { levels, transform } = binarizer;
  return levels === undefined
    ? signOf(signed(x, binarizer, parameters, p))
    : levels.of(transform.forward(x, parameters, p));
}

/** The level of each entry of x. @throws InputError naming the layer when one is NaN. */
export function levelsOf(
  x: Tensor,
  levels: InputLevels,
  { transform }: Binarizer,
  parameters: readonly Tensor[],
  { p, layer }: { readonly p: Progress; readonly layer: string },
): Tensor {
  const u = transform.forward(x, parameters, p);
  refuseNaN(u, 'input', layer);
  return levels.of(u);
}

export interface Carried {
  readonly input: Tensor;
  readonly parameters: Tensor[];
}

export interface InputSide {
  /** x as the binarizer leaves it before its sign. */
  readonly u: Tensor;
  /** What meets the weights: sign(u), its level, or x itself. */
  readonly operand: Tensor;
  /** A tensor with the operand's signs, for kernels that take the sign themselves. */
  signed(): Tensor;
  /** The surrogate's slope at u; absent where there is no sign. */
  readonly slope?: Tensor;
  /** Where inputs are scale sign(u) + offset, or the same of levels. */
  readonly set?: { readonly scale: Tensor; readonly offset: Tensor };
  /** A gradient at u carried to x and to the binarizer's parameters. */
  throughTransform(gradient: Tensor): Carried;
}

export function inputSide(
  x: Tensor,
  parameters: readonly Tensor[],
  { input, p }: BinaryPlan,
): InputSide {
  if (input === 'none') {
    return {
      u: x,
      operand: x,
      signed: () => x,
      throughTransform: (gradient) => ({ input: gradient, parameters: [] }),
    };
  }
  const { transform, surrogate } = input;
  // Each of them is a pass over the batch or several, and not all are asked for.
  const u = once(() => transform.forward(x, parameters, p));
  const operand = once(() => coded(x, input, parameters, p));
  const slope = once(() => surrogate.slope(u(), p));
  return {
    get u() {
      return u();
    },
    get operand() {
      return operand();
    },
    get slope() {
      return slope();
    },
    signed: () => signed(x, input, parameters, p),
    set: input.set?.values(parameters, p),
    throughTransform: (gradient) => transform.backward(gradient, x, parameters, p),
  };
}

/** A gradient at what meets the weights carried to x and to the transform's parameters. */
export function throughInput(side: InputSide, gradient: Tensor): Carried {
  const atSigns = side.set === undefined ? gradient : tf.mul(gradient, side.set.scale);
  return side.throughTransform(side.slope === undefined ? atSigns : tf.mul(atSigns, side.slope));
}

/** What `make` gives, made when it is first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
