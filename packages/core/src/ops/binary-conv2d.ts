/** ops.binaryConv2d and ops.binaryMatMul: two public ops on one kernel, which ops.binaryConv1d runs on too. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, Tensor } from '@tensorflow/tfjs-core';
import { checkKeys, convGeometry, InputError } from '@surge-bnn/contract';
import type { ConvOptions, PadValue } from '@surge-bnn/contract';
import type { Binarizer, InputBinarizer, Progress } from '../binarizers/binarizer.js';
import type { BinarizerSpec, InputBinarizerName } from '../binarizers/registry.js';
import { resolveBinarizer, resolveInputBinarizer } from '../binarizers/registry.js';
import { checkScaling, etaAt } from '../compensator/options.js';
import type { CompensatorOptions } from '../compensator/options.js';
import { auxiliaryOf, checkAuxiliary } from '../compensator/auxiliary.js';
import type { BackwardStatistics } from '../compensator/statistics.js';
import { binaryBackward } from './binary-backward.js';
import { binaryForward } from './binary-forward.js';
import { parametersOf } from './binary-plan.js';
import type { BinaryPlan } from './binary-plan.js';
import { ensureGradient, ensureKernel, runKernel } from './kernel-registry.js';

/** Name of core's own kernel; its inputs and attributes are in binary-plan.ts. */
export const BINARY_CONV_2D = 'SurgeBinaryConv2D';

export interface BinaryOpOptions {
  /**
   * A published binarizer by name, or by an object of name and settings, or one built from the four parts, or 'none': inputs stay
   * float, only the weights are binary.
   */
  inputBinarizer: InputBinarizerName | Binarizer;
  /** A published binarizer by name, or by an object of name and settings, or one built from the four parts. */
  weightBinarizer: BinarizerSpec | Binarizer;
  compensator?: CompensatorOptions;
  /** Training progress in [0, 1] for everything scheduled. Default 0. */
  p?: Progress;
  /** Name for errors. Default: the op's name. */
  name?: string;
  /** What the backward measures, with or without a compensator; called once per backward. */
  onStatistics?: (statistics: BackwardStatistics) => void;
  /** Learnable tensors of the binarizers, in the order of their parameter specs. */
  inputParameters?: readonly Tensor[];
  /** Those of the weight binarizer: its transform's first, then its scale's. */
  weightParameters?: readonly Tensor[];
}

export interface BinaryConv2dOptions extends BinaryOpOptions, ConvOptions {
  /** What stands outside the picture in the binary input. Default 0. The auxiliary branch and a float input pad with 0. */
  padValue?: PadValue;
}

// Records, so that an option which is added and not listed here is an error of the compiler.
const opKeys: Record<keyof BinaryOpOptions, true> = {
  inputBinarizer: true,
  weightBinarizer: true,
  compensator: true,
  p: true,
  name: true,
  onStatistics: true,
  inputParameters: true,
  weightParameters: true,
};
const convKeys: Record<keyof BinaryConv2dOptions, true> = {
  ...opKeys,
  strides: true,
  padding: true,
  dilationRate: true,
  groups: true,
  padValue: true,
};
const opKeyList = Object.keys(opKeys);
/** Names of all options of a convolution. */
export const convKeyList = Object.keys(convKeys);

/**
 * Binary convolution y = conv(b(x), a sign(kernel) + offset) (most binarizers have no offset, many no a) whose backward is the surrogate's, compensated by
 * SURGE where a compensator is given (METHOD.md section 1); with inputBinarizer 'none' y = a * conv(x, sign(kernel)). Differentiable in x, kernel, the auxiliary
 * tensor and the binarizers' parameters on any TF.js backend.
 *
 * @param x float32 [batch, height, width, inChannels].
 * @param kernel latent weights, float32 [height, width, inChannels / groups, outChannels].
 * @returns float32 [batch, outHeight, outWidth, outChannels]; without a scale exact integers.
 * @throws InputError for shapes, options and NaN inputs, naming the op or `name`.
 */
export function binaryConv2d(x: Tensor, kernel: Tensor, options: BinaryConv2dOptions): Tensor {
  checkKeys(options, convKeyList, 'ops.binaryConv2d');
  const name = options.name ?? 'binaryConv2d';
  const padValue = checkPadValue(options.padValue, name);
  const geometry = convGeometry(x.shape, kernel.shape, options, name);
  return run(x, kernel, options, { geometry, padValue, layer: name });
}

/**
 * Binary matrix product y = b(x) sign(kernel) over the last axis of x, with the same backward as
 * `binaryConv2d` (it is its 1x1 case).
 *
 * @param x float32 [..., in], rank >= 2.
 * @param kernel latent weights, float32 [in, out].
 * @returns float32 [..., out].
 */
export function binaryMatMul(x: Tensor, kernel: Tensor, options: BinaryOpOptions): Tensor {
  checkKeys(options, opKeyList, 'ops.binaryMatMul');
  const layer = options.name ?? 'binaryMatMul';
  if (x.rank < 2 || kernel.rank !== 2 || x.shape[x.rank - 1] !== kernel.shape[0]) {
    throw new InputError(
      `${layer}: x must have rank >= 2 and end with the ${kernel.shape[0]} rows of the kernel [in, out], got x [${x.shape}] and kernel [${kernel.shape}]`,
    );
  }
  const [inputs, outputs] = kernel.shape;
  // The first axis counts the samples, which a transform of the inputs or lam by sample may tell apart; the rest is a row of pixels.
  const [samples] = x.shape;
  const perSample = x.size / Math.max(1, samples * inputs);
  const asFilter = (t: Tensor) => tf.reshape(t, [1, 1, ...t.shape]);
  return tf.tidy(() => {
    const picture = tf.reshape(x, [samples, 1, perSample, inputs]);
    const geometry = convGeometry(picture.shape, [1, 1, inputs, outputs], {}, layer);
    const fixed = { geometry, padValue: 0, layer } as const;
    const y = run(picture, kernel, options, fixed, asFilter);
    return tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
  });
}

/** Default 0. @throws InputError for another value than 0, 1 and -1. */
export function checkPadValue(padValue: PadValue = 0, layer: string): PadValue {
  if ([0, 1, -1].includes(padValue)) return padValue;
  throw new InputError(`${layer}: padValue must be 0, 1 or -1, got ${padValue}`);
}

/** @param asFilter makes kernel and auxiliary, checked in the caller's shape, the filters that the kernel takes. */
export function run(
  x: Tensor,
  kernel: Tensor,
  options: BinaryOpOptions,
  fixed: Pick<BinaryPlan, 'geometry' | 'padValue' | 'layer'>,
  asFilter: (t: Tensor) => Tensor = (t) => t,
): Tensor {
  const { layer } = fixed;
  for (const [what, t] of [['x', x] as const, ['kernel', kernel] as const]) {
    if (t.dtype !== 'float32') {
      throw new InputError(`${layer}: ${what} must be float32, got ${t.dtype}`);
    }
  }
  const input = resolveInputBinarizer(options.inputBinarizer);
  const weight = resolveBinarizer(options.weightBinarizer);
  if (input === 'none' && fixed.padValue !== 0) {
    throw new InputError(
      `${layer}: with inputBinarizer 'none' the float input is padded with 0, so padValue must be 0, got ${fixed.padValue}`,
    );
  }
  if (input !== 'none' && input.levels !== undefined && fixed.padValue !== 0) {
    throw new InputError(
      `${layer}: "${input.name}" has ${input.levels.bits} bits for an input (${input.levels.name}), which is padded with 0, so padValue must be 0, got ${fixed.padValue}`,
    );
  }
  checkSides(input, weight, layer);
  const p = options.p ?? 0;
  if (!(p >= 0 && p <= 1)) throw new InputError(`${layer}: p must lie in [0, 1], got ${p}`);
  const inputs: Tensor[] = [x, asFilter(kernel)];
  const branch = planCompensator(options.compensator, kernel, p, fixed);
  inputs.push(...branch.weights.map(asFilter));
  const plan: BinaryPlan = {
    ...fixed,
    input,
    weight,
    p,
    ...branch.plan,
    onStatistics: joined(options.onStatistics, options.compensator?.onStatistics),
  };
  inputs.push(
    ...parameters(options.inputParameters, [parametersOf(input)], 'input', layer),
    ...parameters(
      options.weightParameters,
      [weight.transform.parameters, weight.scale?.parameters ?? []],
      'weight',
      layer,
    ),
  );
  ensureKernel(BINARY_CONV_2D, binaryForward);
  ensureGradient(gradient);
  return runKernel(BINARY_CONV_2D, inputs, plan)[0];
}

/** Checks the compensator's options; its tensors, if it has some of its own, become inputs of the kernel. */
function planCompensator(
  options: CompensatorOptions | undefined,
  kernel: Tensor,
  p: Progress,
  { layer, geometry }: Pick<BinaryPlan, 'geometry' | 'layer'>,
): { plan: Pick<BinaryPlan, 'compensator' | 'auxiliaryForm'>; weights: readonly Tensor[] } {
  if (options === undefined) return { plan: {}, weights: [] };
  const scaling = checkScaling(options, layer);
  const { auxiliaryForm, weights } = auxiliaryOf(options.auxiliary, layer);
  checkAuxiliary(auxiliaryForm, weights, kernel, geometry, layer);
  const eta = etaAt(scaling.eta, p, layer);
  // eta = 0 skips the branch; its weights are still an input, so that they get their (zero) gradient.
  if (eta === 0) return { plan: { auxiliaryForm }, weights };
  const compensator = { scaling, eta, state: options.state ?? {} };
  return { plan: { auxiliaryForm, compensator }, weights };
}

/** Each part of a binarizer is used or refused. */
function checkSides(input: InputBinarizer, weight: Binarizer, layer: string): void {
  if (input !== 'none') {
    const foreign = (['scale', 'offset', 'real', 'penalty'] as const).find((part) => input[part]);
    if (foreign !== undefined) {
      throw new InputError(
        `${layer}: binarizer "${input.name}" has a part for weights (${foreign}); it cannot binarize inputs`,
      );
    }
  }
  if (weight.set !== undefined || weight.levels !== undefined) {
    throw new InputError(
      `${layer}: binarizer "${weight.name}" has a set of values for inputs; it cannot binarize weights`,
    );
  }
  if (weight.offset !== undefined && weight.scale === undefined) {
    throw new InputError(
      `${layer}: binarizer "${weight.name}" has an offset and no scale; give it both`,
    );
  }
}

function parameters(
  given: readonly Tensor[] | undefined,
  specs: readonly (readonly { name: string }[])[],
  which: 'input' | 'weight',
  layer: string,
): readonly Tensor[] {
  const names = specs.flat().map((s) => s.name);
  const tensors = given ?? [];
  if (tensors.length !== names.length) {
    throw new InputError(
      `${layer}: the ${which} binarizer takes ${names.length} parameter(s) [${names.join(', ')}], got ${tensors.length}`,
    );
  }
  return tensors;
}

function joined<T>(
  first: ((value: T) => void) | undefined,
  second: ((value: T) => void) | undefined,
): ((value: T) => void) | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (value) => {
    first(value);
    second(value);
  };
}

/**
 * The gradient runs eagerly, not in the thunks: lam needs both branches as soon as either dx or dW_a is
 * wanted, and one pass yields all outputs. TF.js's backward scope owns and frees what is not used.
 */
const gradient: GradConfig = {
  kernelName: BINARY_CONV_2D,
  saveAllInputs: true,
  gradFunc: (dy, saved, attrs) => {
    const plan = attrs as unknown as BinaryPlan;
    const gradients = binaryBackward(dy as Tensor, saved, plan);
    const thunks: Record<string, () => Tensor> = {};
    gradients.forEach((t, i) => {
      thunks[i] = () => t;
    });
    return thunks;
  },
};
