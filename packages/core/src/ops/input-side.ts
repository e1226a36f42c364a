/**
 * What stands between x and the products of the binary branch: a transform and a sign, whose backward is the surrogate's,
 * or nothing at all (inputBinarizer 'none').
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BinaryPlan } from './binary-plan.js';
import { signOf } from './sign.js';

export interface Carried {
  readonly input: Tensor;
  readonly parameters: Tensor[];
}

export interface InputSide {
  /** x as the binarizer leaves it before its sign. */
  readonly u: Tensor;
  /** What meets the weights: b(x), or x itself. */
  readonly operand: Tensor;
  /** The surrogate's slope at u; absent where there is no sign. */
  readonly slope?: Tensor;
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
      throughTransform: (gradient) => ({ input: gradient, parameters: [] }),
    };
  }
  const { transform, surrogate } = input;
  const u = transform.forward(x, parameters, p);
  return {
    u,
    operand: signOf(u),
    slope: surrogate.slope(u, p),
    throughTransform: (gradient) => transform.backward(gradient, x, parameters, p),
  };
}

/** A gradient at the operand carried to x and to the binarizer's parameters. */
export function throughInput(side: InputSide, gradient: Tensor): Carried {
  return side.throughTransform(side.slope === undefined ? gradient : tf.mul(gradient, side.slope));
}
