/**
 * What an input binarizer makes of a tensor, by itself: for products that have no latent weights, such as those of attention. Binary layers
 * binarize their own inputs.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, Tensor } from '@tensorflow/tfjs-core';
import { checkKeys, InputError } from '@surge-bnn/contract';
import type { Binarizer, Progress } from '../binarizers/binarizer.js';
import type { BinarizerSpec } from '../binarizers/registry.js';
import { resolveInputBinarizer } from '../binarizers/registry.js';
import { coded, levelsOf, signed, type Carried } from './input-side.js';
import { ensureGradient, ensureKernel, runKernel } from './kernel-registry.js';
import { refuseNaN, signOf } from './sign.js';
import { throughBox, twoValues } from './two-values.js';

const BINARIZE = 'SurgeBinarize';

export interface BinarizeOptions {
  /** As of the inputs of a layer. */
  binarizer: BinarizerSpec | Binarizer;
  /** Its learnable tensors, in the order of their specs. */
  parameters?: readonly Tensor[];
  /** Training progress in [0, 1]. Default 0. */
  p?: Progress;
  /** Name for errors. Default 'binarize'. */
  name?: string;
}

interface Plan {
  readonly binarizer: Binarizer;
  readonly p: Progress;
  readonly layer: string;
}

const optionKeys: Record<keyof BinarizeOptions, true> = {
  binarizer: true,
  parameters: true,
  p: true,
  name: true,
};

/**
 * b(x) = scale sign(u) + offset, plain signs where the binarizer has no set of values, or levels in the place of signs where it has more than two;
 * the gradient is the surrogate's. Differentiable in x and the parameters.
 *
 * @param x float32 of any shape. @returns the same shape.
 * @throws InputError for a wrong number of parameters, a binarizer with parts for weights, and a NaN in x.
 */
export function binarize<T extends Tensor>(x: T, options: BinarizeOptions): T {
  checkKeys(options, Object.keys(optionKeys), 'ops.binarize');
  const { parameters = [], p = 0, name: layer = 'binarize' } = options;
  const binarizer = resolveInputBinarizer(options.binarizer);
  if (binarizer === 'none') throw new InputError(`${layer}: 'none' binarizes nothing`);
  if (binarizer.scale !== undefined || binarizer.real !== undefined) {
    throw new InputError(
      `${layer}: "${binarizer.name}" has parts for weights; it cannot binarize inputs`,
    );
  }
  const names = binarizer.transform.parameters.map((spec) => spec.name);
  if (parameters.length !== names.length) {
    throw new InputError(
      `${layer}: the binarizer takes ${names.length} parameter(s) [${names.join(', ')}], got ${parameters.length}`,
    );
  }
  ensureKernel(BINARIZE, forward);
  ensureGradient(gradient);
  const plan: Plan = { binarizer, p, layer };
  // The shape is that of x.
  return runKernel(BINARIZE, [x, ...parameters], plan)[0] as T;
}

function forward([x, ...parameters]: readonly Tensor[], { binarizer, p, layer }: Plan): Tensor[] {
  const two = twoValues(x, binarizer, parameters, p, layer);
  if (two !== undefined) return [two];
  const values = valuesOf(x, parameters, { binarizer, p, layer });
  const set = binarizer.set?.values(parameters, p);
  return [set === undefined ? values : tf.add(tf.mul(values, set.scale), set.offset)];
}

function valuesOf(x: Tensor, parameters: readonly Tensor[], plan: Plan): Tensor {
  const { binarizer, p, layer } = plan;
  const { levels } = binarizer;
  if (levels !== undefined) return levelsOf(x, levels, binarizer, parameters, plan);
  const u = signed(x, binarizer, parameters, p);
  refuseNaN(u, 'input', layer);
  return signOf(u);
}

/** At u the gradient is scale s(u) dy; those at scale and offset are the sums of dy sign(u) (or of dy times the level) and of dy. */
function backward(dy: Tensor, [x, ...parameters]: Tensor[], { binarizer, p }: Plan): Tensor[] {
  return tf.tidy(() => {
    const total = (t: Tensor) => tf.reshape(tf.sum(t), [1]);
    const withSet = (carried: Carried, sums: () => readonly [Tensor, Tensor]) => {
      if (binarizer.set === undefined) return [carried.input, ...carried.parameters];
      const ofSet = binarizer.set.backward(...sums(), parameters, p, x.size);
      return [carried.input, ...carried.parameters.map((t, i) => tf.add(t, ofSet[i]))];
    };
    const fused = throughBox(dy, x, binarizer, parameters, p);
    if (fused !== undefined) return withSet(fused, () => fused.sums);
    const { transform, surrogate } = binarizer;
    const set = binarizer.set?.values(parameters, p);
    const atSign = set === undefined ? dy : tf.mul(dy, set.scale);
    const slope = surrogate.slope(transform.forward(x, parameters, p), p);
    const carried = transform.backward(tf.mul(atSign, slope), x, parameters, p);
    return withSet(carried, () => {
      const values = coded(x, binarizer, parameters, p);
      return [total(tf.mul(dy, values)), total(dy)];
    });
  });
}

const gradient: GradConfig = {
  kernelName: BINARIZE,
  saveAllInputs: true,
  gradFunc: (dy, saved, attrs) => {
    const gradients = backward(dy as Tensor, saved, attrs as unknown as Plan);
    return Object.fromEntries(gradients.map((t, i) => [i, () => t]));
  },
};
