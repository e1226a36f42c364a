/**
 * Backward of a binary layer (METHOD.md section 1): the binary branch's gradient through its surrogates,
 * the auxiliary branch's beside it (DPGC), scaled by AGS. One fused kernel where the backend has it and the
 * binarizers are plain signs; composed from the branch products otherwise, term by term as METHOD.md has it.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { SIGN_CONV_2D_GRADIENT } from '@surge-bnn/contract';
import type { SignConv2DGradientAttrs } from '@surge-bnn/contract';
import { noTransform } from '../binarizers/transforms.js';
import type { BinaryPlan, PlanTensors } from './binary-plan.js';
import { takeApart } from './binary-plan.js';
import { combiner, combineWithNumbers, combineWithTensors } from './branch-combination.js';
import { convFilterGradient, convInputGradient } from './float-conv.js';
import { inputSide, throughInput } from './input-side.js';
import { hasKernel, runKernel } from './kernel-registry.js';
import { readsAreCheap, signOf } from './sign.js';

/** Gradients for every input of the kernel BINARY_CONV_2D, in the order of its inputs. */
export function binaryBackward(dy: Tensor, inputs: readonly Tensor[], plan: BinaryPlan): Tensor[] {
  const tensors = takeApart(inputs, plan);
  const attrs = fusedAttrs(plan);
  return attrs === undefined
    ? tf.tidy(() => composed(dy, tensors, plan))
    : fused(dy, tensors, plan, attrs);
}

/** The attributes of the fused kernel, or undefined where it does not apply. */
function fusedAttrs(plan: BinaryPlan): SignConv2DGradientAttrs | undefined {
  const { input, weight, p, compensator } = plan;
  if (input === 'none') return undefined;
  const inputSurrogate = input.surrogate.spec?.(p);
  const weightSurrogate = weight.surrogate.spec?.(p);
  const plain =
    input.transform === noTransform &&
    weight.transform === noTransform &&
    weight.scale === undefined;
  if (!plain || !inputSurrogate || !weightSurrogate || !hasKernel(SIGN_CONV_2D_GRADIENT)) {
    return undefined;
  }
  const needsMeasure = compensator !== undefined || plan.onStatistics !== undefined;
  return {
    geometry: plan.geometry,
    padValue: plan.padValue,
    layer: plan.layer,
    inputSurrogate,
    weightSurrogate,
    trainAuxiliary: trainsAuxiliary(plan),
    ...(needsMeasure ? { combine: combiner(plan) } : {}),
  };
}

function trainsAuxiliary(plan: BinaryPlan): boolean {
  return plan.compensator !== undefined && plan.auxiliaryForm === 'full';
}

/** Whether auxiliary weights are an input of the kernel that gets no gradient: frozen, or eta = 0. */
function hasUntrainedInput(plan: BinaryPlan): boolean {
  const isInput = plan.auxiliaryForm === 'full' || plan.auxiliaryForm === 'frozen';
  return isInput && !trainsAuxiliary(plan);
}

function fused(
  dy: Tensor,
  { x, kernel, auxiliary }: PlanTensors,
  plan: BinaryPlan,
  attrs: SignConv2DGradientAttrs,
): Tensor[] {
  const branch: Record<string, Tensor> = plan.compensator && auxiliary ? { auxiliary } : {};
  const gradients = runKernel(SIGN_CONV_2D_GRADIENT, { dy, x, kernel, ...branch }, attrs);
  if (hasUntrainedInput(plan)) gradients.push(tf.zerosLike(kernel));
  return gradients;
}

function composed(dy: Tensor, tensors: PlanTensors, plan: BinaryPlan): Tensor[] {
  const { x, kernel, auxiliary, inputParameters, transformParameters, scaleParameters } = tensors;
  const { geometry: g, weight, p, padValue, compensator } = plan;
  const side = inputSide(x, inputParameters, plan);
  const v = weight.transform.forward(kernel, transformParameters, p);
  const signs = signOf(v);
  const scale = weight.scale?.scale(kernel, scaleParameters, p);

  // g_b = dgrad(G, aB) through the input binarizer. op is linear: dgrad(G, aB) = dgrad(aG, B).
  const scaledDy = scale === undefined ? dy : tf.mul(dy, scale);
  const binaryBranch = throughInput(side, convInputGradient(scaledDy, signs, g));

  // g_a = dgrad(G, W_a): no surrogate, no clip. A branch that sees u is carried back to x by the transform.
  const transformed = compensator?.scaling.auxiliaryInput === 'transformed';
  let ga: Tensor | undefined;
  if (compensator !== undefined && auxiliary !== undefined) {
    const atBranch = convInputGradient(dy, auxiliary, g);
    ga = transformed ? side.throughTransform(atBranch).input : atBranch;
  }
  const combine = readsAreCheap() ? combineWithNumbers : combineWithTensors;
  const { dx, auxiliaryGradient } = combine(plan, binaryBranch.input, ga, side.slope);

  // dL/dW: wgrad(b(x), G), or wgrad(x, G), is the gradient at the effective weights aB.
  const atEffective = convFilterGradient(side.operand, dy, g, padValue);
  const throughScale = scale !== undefined && weight.scale?.multipliesWeightGradient === true;
  const atSigns = throughScale ? tf.mul(atEffective, scale) : atEffective;
  const atLatent = tf.mul(atSigns, weight.surrogate.slope(v, p));
  const latent = weight.transform.backward(atLatent, kernel, transformParameters, p);
  // dL/da_c = sum over filter c of (gradient at aB) B, since d(aB)/da = B.
  const scaleGradient = weight.scale?.backward?.(
    tf.sum(tf.mul(atEffective, signs), [0, 1, 2]),
    kernel,
    scaleParameters,
    p,
  );
  const dkernel = scaleGradient?.latent ? tf.add(latent.input, scaleGradient.latent) : latent.input;

  const gradients = [dx, dkernel];
  if (trainsAuxiliary(plan)) {
    const product = convFilterGradient(transformed ? side.u : x, dy, g);
    gradients.push(tf.mul(product, auxiliaryGradient));
  } else if (hasUntrainedInput(plan)) {
    gradients.push(tf.zerosLike(kernel));
  }
  gradients.push(...binaryBranch.parameters, ...latent.parameters);
  gradients.push(...(scaleGradient?.parameters ?? scaleParameters.map((t) => tf.zerosLike(t))));
  return gradients;
}
