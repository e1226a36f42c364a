/**
 * Forward of a binary layer: y = a * conv(sign(u), sign(v)), an exact integer, then the scale. Where the inputs stay float,
 * y = a * conv(x, sign(v)).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { SIGN_CONV_2D } from '@surge-bnn/contract';
import type { SignConv2DAttrs } from '@surge-bnn/contract';
import type { LatentTransform, Progress } from '../binarizers/binarizer.js';
import { noTransform } from '../binarizers/transforms.js';
import type { BinaryPlan } from './binary-plan.js';
import { takeApart } from './binary-plan.js';
import { convForward } from './float-conv.js';
import { hasKernel, runKernel } from './kernel-registry.js';
import { refuseNaN, signOf } from './sign.js';

/** The composed kernel BINARY_CONV_2D (auxiliary weights are inputs of it but play no part in forward). */
export function binaryForward(inputs: readonly Tensor[], plan: BinaryPlan): Tensor[] {
  const { x, kernel, inputParameters, transformParameters, scaleParameters } = takeApart(
    inputs,
    plan,
  );
  const { input, weight, p } = plan;
  const v = transformed(kernel, weight.transform, transformParameters, p);
  const y =
    input === 'none'
      ? floatTimesSigns(x, v, plan)
      : signConv(transformed(x, input.transform, inputParameters, p), v, plan);
  const rule = plan.weight.scale;
  return [rule === undefined ? y : tf.mul(y, rule.scale(kernel, scaleParameters, plan.p))];
}

/** The transform's forward; without one the tensor itself and no second handle to it, since it is only read here. */
function transformed(
  t: Tensor,
  transform: LatentTransform,
  parameters: readonly Tensor[],
  p: Progress,
): Tensor {
  return transform === noTransform ? t : transform.forward(t, parameters, p);
}

/** conv(sign(u), sign(v)): XOR-popcount where the backend has it, float products of signs elsewhere. */
function signConv(u: Tensor, v: Tensor, plan: BinaryPlan): Tensor {
  const { geometry, padValue, layer } = plan;
  if (hasKernel(SIGN_CONV_2D)) {
    const attrs: SignConv2DAttrs = { geometry, padValue, layer };
    return runKernel(SIGN_CONV_2D, { x: u, kernel: v }, attrs)[0];
  }
  refuseNaN(u, 'input', layer);
  refuseNaN(v, 'kernel', layer);
  return convForward(signOf(u), signOf(v), geometry, padValue);
}

/** conv(x, sign(v)). A NaN in x is no third sign: it goes through, as in any float layer. */
function floatTimesSigns(x: Tensor, v: Tensor, { geometry, layer }: BinaryPlan): Tensor {
  refuseNaN(v, 'kernel', layer);
  return convForward(x, signOf(v), geometry);
}
