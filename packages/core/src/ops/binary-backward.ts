/**
 * Backward of a binary layer (METHOD.md section 1): the binary branch's gradient through its surrogates,
 * the auxiliary branch's beside it (DPGC), scaled by AGS. One fused kernel where the backend has it, the input is a plain sign
 * whose slope the kernel knows and the auxiliary is one convolution of the layer's own; composed from the branch products otherwise, term
 * by term as METHOD.md has it, those of signs by the same kernel.
 *
 * Neither needs plain weights. op is linear, so dgrad(G, a B) = dgrad(a G, B) for a scale a per output channel, and the kernel is
 * given a G for G, v for W, and W_a / a for W_a: dgrad(a G, W_a / a) = dgrad(G, W_a). What it gives for the weights is
 * a wgrad(b(x), G), and wgrad(x, a G) = a wgrad(x, G): both divided by a, which must not be 0. The weights' slope, their transform and
 * their scale then stand outside the kernel. For a power of two (IR-Net) all of this is exact.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { SIGN_CONV_2D_GRADIENT } from '@surge-bnn/contract';
import type { SignConv2DGradientAttrs, SurrogateSpec } from '@surge-bnn/contract';
import { noTransform } from '../binarizers/transforms.js';
import { auxiliaryBranch } from './auxiliary-branch.js';
import { borderOfOnes, onesPicture } from './binary-forward.js';
import type { BinaryPlan, PlanTensors } from './binary-plan.js';
import { takeApart } from './binary-plan.js';
import { combineBranches, combiner } from './branch-combination.js';
import { convFilterGradient, convInputGradient } from './float-conv.js';
import { inputSide, once, throughInput } from './input-side.js';
import type { InputSide } from './input-side.js';
import { hasKernel, runKernel } from './kernel-registry.js';
import { readsAreCheap } from './sign.js';
import { throughBox } from './two-values.js';
import { weightSide } from './weight-side.js';
import type { WeightSide } from './weight-side.js';

/** Gradients for every input of the kernel BINARY_CONV_2D, in the order of its inputs. */
export function binaryBackward(dy: Tensor, inputs: readonly Tensor[], plan: BinaryPlan): Tensor[] {
  const tensors = takeApart(inputs, plan);
  const surrogate = fusedInput(plan);
  if (surrogate !== undefined && isPlain(plan)) return fusedPlain(dy, tensors, plan, surrogate);
  return tf.tidy(() => {
    const weights = weightSide(plan.weight, tensors, plan.p);
    return surrogate !== undefined && isFused(weights)
      ? fusedTransformed(dy, tensors, plan, surrogate, weights)
      : composed(dy, tensors, plan, weights);
  });
}

/** The input's slope as the fused kernel takes it, or undefined where the kernel does not apply. */
function fusedInput(plan: BinaryPlan): SurrogateSpec | undefined {
  const { input, p, compensator, auxiliaryForm } = plan;
  if (input === 'none' || input.transform !== noTransform) return undefined;
  if (input.set !== undefined || input.levels !== undefined) return undefined;
  if (compensator !== undefined) {
    const ofOneKernel = auxiliaryForm !== 'grouped' && auxiliaryForm !== 'lowRank';
    if (!ofOneKernel || compensator.scaling.normScope !== 'layer') return undefined;
  }
  return hasKernel(SIGN_CONV_2D_GRADIENT) ? input.surrogate.spec?.(p) : undefined;
}

/** Whether the kernel does the whole of the weights' way, too. */
function isPlain({ weight, p }: BinaryPlan): boolean {
  const { transform, scale, offset, real, surrogate } = weight;
  const plainSigns = scale === undefined && offset === undefined && real?.appliesAt(p) !== true;
  return transform === noTransform && plainSigns && surrogate.spec?.(p) !== undefined;
}

/** Whether the products of the weights are those of signs, up to a scale that can be divided by. */
function isFused({ real, offset, scale }: WeightSide): boolean {
  if (real !== undefined || offset !== undefined) return false;
  if (!hasKernel(SIGN_CONV_2D_GRADIENT)) return false;
  if (scale === undefined) return true;
  return readsAreCheap() && scale.dataSync().every((a) => a > 1e-30);
}

function fusedAttrs(
  plan: BinaryPlan,
  inputSurrogate: SurrogateSpec,
  weightSurrogate: SurrogateSpec,
): SignConv2DGradientAttrs {
  const { geometry, padValue, layer } = plan;
  const needsMeasure = plan.compensator !== undefined || plan.onStatistics !== undefined;
  return {
    geometry,
    padValue,
    layer,
    inputSurrogate,
    weightSurrogate,
    trainAuxiliary: trainsAuxiliary(plan),
    ...(needsMeasure ? { combine: combiner(plan) } : {}),
  };
}

function trainsAuxiliary({ compensator, auxiliaryForm }: BinaryPlan): boolean {
  return compensator !== undefined && auxiliaryForm !== 'shared' && auxiliaryForm !== 'frozen';
}

/** Zeros for auxiliary weights that are inputs of the kernel and get no gradient: frozen ones, or all at eta = 0. */
function untrained(plan: BinaryPlan, auxiliary: readonly Tensor[]): Tensor[] {
  const isInput = plan.auxiliaryForm !== undefined && plan.auxiliaryForm !== 'shared';
  return isInput && !trainsAuxiliary(plan) ? auxiliary.map((t) => tf.zerosLike(t)) : [];
}

/** Plain signs on both sides: all in the kernel. */
function fusedPlain(
  dy: Tensor,
  { x, kernel, auxiliary }: PlanTensors,
  plan: BinaryPlan,
  inputSurrogate: SurrogateSpec,
): Tensor[] {
  const weightSurrogate = plan.weight.surrogate.spec?.(plan.p) ?? { kind: 'identity' };
  const attrs = fusedAttrs(plan, inputSurrogate, weightSurrogate);
  const branch: Record<string, Tensor> = plan.compensator ? { auxiliary: auxiliary[0] } : {};
  const gradients = runKernel(SIGN_CONV_2D_GRADIENT, { dy, x, kernel, ...branch }, attrs);
  return [...gradients, ...untrained(plan, auxiliary)];
}

/** Weights with a transform, a scale or a slope of their own, which stand outside the kernel. */
function fusedTransformed(
  dy: Tensor,
  { x, auxiliary }: PlanTensors,
  plan: BinaryPlan,
  inputSurrogate: SurrogateSpec,
  weights: WeightSide,
): Tensor[] {
  const { v, scale } = weights;
  const undo = (t: Tensor) => (scale === undefined ? t : tf.div(t, scale));
  const attrs = fusedAttrs(plan, inputSurrogate, { kind: 'identity' });
  const branch: Record<string, Tensor> = plan.compensator ? { auxiliary: undo(auxiliary[0]) } : {};
  const scaledDy = scale === undefined ? dy : tf.mul(dy, scale);
  const given = { dy: scaledDy, x, kernel: v, ...branch };
  const [dx, atScaled, ...ofBranch] = runKernel(SIGN_CONV_2D_GRADIENT, given, attrs);
  const carried = weights.through(undo(atScaled));
  return [
    dx,
    carried.kernel,
    ...ofBranch.map(undo),
    ...untrained(plan, auxiliary),
    ...carried.parameters,
  ];
}

function composed(
  dy: Tensor,
  { x, auxiliary, inputParameters }: PlanTensors,
  plan: BinaryPlan,
  weights: WeightSide,
): Tensor[] {
  const { compensator, auxiliaryForm, geometry } = plan;
  const side = inputSide(x, inputParameters, plan);
  const { atOperand, atWeights } = binaryProducts(dy, side, weights, plan);

  // g_b = dgrad(G, E) through the input binarizer.
  const boxed =
    plan.input === 'none'
      ? undefined
      : throughBox(atOperand, x, plan.input, inputParameters, plan.p);
  const binaryBranch = boxed ?? throughInput(side, atOperand);

  // g_a = dgrad(G, W_a): no surrogate, no clip. A branch that sees u is carried back to x by the transform.
  const transformed = compensator?.scaling.auxiliaryInput === 'transformed';
  const branch =
    compensator === undefined || auxiliaryForm === undefined
      ? undefined
      : auxiliaryBranch(auxiliaryForm, auxiliary, geometry);
  const atBranch = branch?.inputGradient(dy);
  const ga =
    transformed && atBranch !== undefined ? side.throughTransform(atBranch).input : atBranch;
  const measured = compensator !== undefined || plan.onStatistics !== undefined;
  const slope = measured ? side.slope : undefined;
  const combination = combineBranches(plan, binaryBranch.input, ga, slope);

  // dL/dE = wgrad(operand, G); of inputs alpha s + o it is alpha wgrad(s, G) + o wgrad(1, G), and the sums over all
  // windows of G times conv(s, E) and conv(1, E), which are the gradients at alpha and o, are <E, wgrad(s, G)> and <E, wgrad(1, G)>; where nothing
  // but the inputs has these values, they are <s, dgrad(G, E)> and <1, dgrad(G, E)>, too.
  let atEffective = atWeights;
  let inputGradients = binaryBranch.parameters;
  if (side.set !== undefined && plan.input !== 'none' && plan.input.set !== undefined) {
    const atOnes = once(() => onesFilterGradient(dy, plan));
    const along = (t: Tensor) => tf.reshape(tf.sum(tf.mul(weights.effective, t)), [1]);
    const ofInputs = plan.padValue === 0 ? boxed?.sums : undefined;
    const sums = ofInputs ?? ([along(atWeights), along(atOnes())] as const);
    const ofSet = plan.input.set.backward(...sums, inputParameters, plan.p, x.size);
    inputGradients = inputGradients.map((t, i) => tf.add(t, ofSet[i]));
    const { scale, offset } = side.set;
    atEffective = tf.mul(atWeights, scale);
    const isAroundZero = readsAreCheap() && offset.dataSync()[0] === 0;
    if (!isAroundZero) atEffective = tf.add(atEffective, tf.mul(atOnes(), offset));
  }
  const carried = weights.through(atEffective);
  return [
    combination.dx,
    carried.kernel,
    ...(branch !== undefined && trainsAuxiliary(plan)
      ? combination.auxiliaryGradients(branch, transformed ? side.u : x, dy)
      : untrained(plan, auxiliary)),
    ...inputGradients,
    ...carried.parameters,
  ];
}

/** dgrad(dy, E) and wgrad(operand, dy); of signs on both sides in one pass of the fused kernel, without slopes. */
function binaryProducts(
  dy: Tensor,
  side: InputSide,
  weights: WeightSide,
  plan: BinaryPlan,
): { atOperand: Tensor; atWeights: Tensor } {
  const { geometry, padValue, layer } = plan;
  if (plan.input === 'none' || plan.input.levels !== undefined || !isFused(weights)) {
    return {
      atOperand: convInputGradient(dy, weights.effective, geometry),
      atWeights: convFilterGradient(side.operand, dy, geometry, padValue),
    };
  }
  const { v, scale } = weights;
  const attrs: SignConv2DGradientAttrs = {
    geometry,
    padValue,
    layer,
    inputSurrogate: { kind: 'identity' },
    weightSurrogate: { kind: 'identity' },
    trainAuxiliary: false,
  };
  const scaledDy = scale === undefined ? dy : tf.mul(dy, scale);
  const given = { dy: scaledDy, x: side.signed(), kernel: v };
  const [atOperand, atScaled] = runKernel(SIGN_CONV_2D_GRADIENT, given, attrs);
  return { atOperand, atWeights: scale === undefined ? atScaled : tf.div(atScaled, scale) };
}

/** wgrad(1, dy): linear in dy, so of the sum over the batch. */
function onesFilterGradient(dy: Tensor, { geometry, padValue }: BinaryPlan): Tensor {
  const one = { ...geometry, batch: 1 };
  return convFilterGradient(
    onesPicture(one).values,
    tf.sum(dy, 0, true),
    one,
    borderOfOnes(padValue),
  );
}
