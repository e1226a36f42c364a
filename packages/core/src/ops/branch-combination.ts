/**
 * From the two branches' gradients to the one at x: measure, find lam, combine (METHOD.md section 1,
 * "Backward"). Once with plain numbers, where reading a number costs nothing, and once with tensors, for
 * GPUs, where lam must not wait for a read.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { BranchMeasure, BranchWeights } from '@surge-bnn/contract';
import { branchWeights, lambdaOf, statisticsOf } from '../compensator/scaler.js';
import { notAbove } from './above.js';
import type { AuxiliaryBranch } from './auxiliary-branch.js';
import type { BinaryPlan } from './binary-plan.js';
import { combineByScope } from './scoped-combination.js';
import { readsAreCheap } from './sign.js';
import { gainTensor, lambdaTensor, readLater } from './tensor-scaling.js';
import type { SquaredMeasure } from './tensor-scaling.js';

/** Finds the weights of the branches from their measure, updates the state and reports the statistics. */
export function combiner(plan: BinaryPlan): (measure: BranchMeasure) => BranchWeights {
  return (measure) => {
    const c = plan.compensator;
    if (c === undefined) {
      plan.onStatistics?.(statisticsOf(measure, 0, false));
      return { binary: 1, auxiliary: 0, auxiliaryGradient: 0 };
    }
    const { lambda, skipped } = lambdaOf(c.scaling, c.eta, measure, c.state, plan.layer);
    plan.onStatistics?.(statisticsOf(measure, lambda, skipped));
    return branchWeights(c.scaling, lambda, measure);
  };
}

/** dx, and how the auxiliary weights get their gradients. */
export interface Combined {
  readonly dx: Tensor;
  /** lam wgrad(x, dy) for each of the branch's weights. */
  auxiliaryGradients(branch: AuxiliaryBranch, x: Tensor, dy: Tensor): Tensor[];
}

/** One lam for the whole layer. */
export interface LayerCombined extends Combined {
  /** The factor of wgrad(x, dy). */
  readonly auxiliaryGradient: number | Scalar;
}

function combined(dx: Tensor, auxiliaryGradient: number | Scalar): LayerCombined {
  return {
    dx,
    auxiliaryGradient,
    auxiliaryGradients: (branch, x, dy) =>
      branch.weightGradients(x, dy).map((product) => tf.mul(product, auxiliaryGradient)),
  };
}

/** Both branches put together, by the norm scope of the plan and by whether this backend's numbers can be read. */
export function combineBranches(
  plan: BinaryPlan,
  gb: Tensor,
  ga: Tensor | undefined,
  slope: Tensor | undefined,
): Combined {
  const c = plan.compensator;
  if (c !== undefined && ga !== undefined && c.scaling.normScope !== 'layer') {
    return combineByScope(plan, c, gb, ga, zeroShare(slope));
  }
  const combine = readsAreCheap() ? combineWithNumbers : combineWithTensors;
  return combine(plan, gb, ga, slope);
}

/** Composed combination with numbers: three small reads from the backend. */
export function combineWithNumbers(
  plan: BinaryPlan,
  gb: Tensor,
  ga: Tensor | undefined,
  slope: Tensor | undefined,
): LayerCombined {
  const needed = ga !== undefined || plan.onStatistics !== undefined;
  if (!needed) return combined(gb, 0);
  const number = (t: Tensor) => t.dataSync()[0];
  const measure: BranchMeasure = {
    normB: Math.sqrt(number(tf.sum(tf.square(gb)))),
    normA: ga === undefined ? 0 : Math.sqrt(number(tf.sum(tf.square(ga)))),
    inner: ga === undefined ? 0 : number(tf.sum(tf.mul(gb, ga))),
    clipped: number(zeroShare(slope)),
  };
  const w = combiner(plan)(measure);
  const binary = w.binary === 1 ? gb : tf.mul(gb, w.binary);
  const dx =
    ga === undefined || w.auxiliary === 0 ? binary : tf.add(binary, tf.mul(ga, w.auxiliary));
  return combined(dx, w.auxiliaryGradient);
}

/**
 * The same with lam kept as a tensor. The statistics are read asynchronously and arrive after the step; so
 * does the error about a norm that is not finite. The moving average follows one step late for the same reason.
 */
export function combineWithTensors(
  plan: BinaryPlan,
  gb: Tensor,
  ga: Tensor | undefined,
  slope: Tensor | undefined,
): LayerCombined {
  const squaredB = tf.sum<Scalar>(tf.square(gb));
  const clipped = zeroShare(slope);
  const c = plan.compensator;
  if (c === undefined || ga === undefined) {
    if (plan.onStatistics) {
      const none = tf.scalar(0);
      readMeasure(plan, { squaredB, squaredA: none, inner: none }, clipped);
    }
    return combined(gb, 0);
  }
  const measure: SquaredMeasure<Scalar> = {
    squaredB,
    squaredA: tf.sum(tf.square(ga)),
    inner: tf.sum(tf.mul(gb, ga)),
  };
  const lambda = lambdaTensor(c, measure);
  readMeasure(plan, measure, clipped);
  const { scaleAuxiliaryGradient, gainOnly } = c.scaling;
  const dx = gainOnly ? tf.mul(gb, gainTensor(lambda, measure)) : tf.add(gb, tf.mul(ga, lambda));
  return combined(dx, scaleAuxiliaryGradient ? lambda : 1);
}

/** Share of entries that are exactly 0; none where there is no slope. */
function zeroShare(slope: Tensor | undefined): Scalar {
  if (slope === undefined) return tf.scalar(0);
  return tf.mean(notAbove(tf.abs(slope), 0));
}

/** Reads the four measures when the device has them and runs the number path for its state and statistics. */
function readMeasure(
  plan: BinaryPlan,
  { squaredB, squaredA, inner }: SquaredMeasure<Scalar>,
  clipped: Scalar,
): void {
  readLater(tf.stack([squaredB, squaredA, inner, clipped]), (values) => {
    const [normB, normA] = [Math.sqrt(values[0]), Math.sqrt(values[1])];
    combiner(plan)({ normB, normA, inner: values[2], clipped: values[3] });
  });
}
