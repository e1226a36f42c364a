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
  const squaredB = tf.sum(tf.square(gb));
  const clipped = zeroShare(slope);
  const c = plan.compensator;
  if (c === undefined || ga === undefined) {
    if (plan.onStatistics) readLater(plan, [squaredB, tf.scalar(0), tf.scalar(0), clipped], false);
    return combined(gb, 0);
  }
  const squaredA = tf.sum(tf.square(ga));
  const inner = tf.sum(tf.mul(gb, ga));
  const { scaling, eta, state } = c;
  const rule = scaling.lambda;
  let lambda: Scalar;
  if (typeof rule === 'object' && 'fixed' in rule) {
    lambda = tf.scalar(rule.fixed);
  } else {
    const adaptive: Scalar = tf.div(
      tf.mul(tf.sqrt(squaredB), eta),
      tf.add(tf.sqrt(squaredA), scaling.epsilon),
    );
    const smooth = typeof rule === 'object' && state.average !== undefined;
    lambda = smooth
      ? tf.add(rule.movingAverage * (state.average ?? 0), tf.mul(adaptive, 1 - rule.movingAverage))
      : adaptive;
  }
  if (Number.isFinite(scaling.lambdaMax)) lambda = tf.minimum(lambda, scaling.lambdaMax);
  // Not the product of the two: small but living gradients would make it underflow to 0.
  const alive = tf.cast(tf.greater(tf.minimum(squaredA, squaredB), 0), 'float32');
  lambda = tf.mul(lambda, alive);
  readLater(plan, [squaredB, squaredA, inner, clipped], true);
  const auxiliaryGradient = scaling.scaleAuxiliaryGradient ? lambda : 1;
  if (!scaling.gainOnly) return combined(tf.add(gb, tf.mul(ga, lambda)), auxiliaryGradient);
  const cross = tf.mul(2, tf.mul(lambda, inner));
  const squared = tf.add(squaredB, tf.add(cross, tf.mul(tf.square(lambda), squaredA)));
  const gain = tf.divNoNan(tf.sqrt(tf.relu(squared)), tf.sqrt(squaredB));
  return combined(tf.mul(gb, gain), auxiliaryGradient);
}

/** Share of entries that are exactly 0; none where there is no slope. */
function zeroShare(slope: Tensor | undefined): Scalar {
  if (slope === undefined) return tf.scalar(0);
  return tf.mean(notAbove(tf.abs(slope), 0));
}

/** Reads the four measures when the device has them and runs the number path for its state and statistics. */
function readLater(plan: BinaryPlan, measures: readonly Tensor[], hasBranch: boolean): void {
  const stacked = tf.keep(tf.stack(measures.map((t) => tf.reshape(t, []))));
  void stacked
    .data()
    .then(([squaredB, squaredA, inner, clipped]) => {
      const normA = hasBranch ? Math.sqrt(squaredA) : 0;
      combiner(plan)({ normB: Math.sqrt(squaredB), normA, inner, clipped });
    })
    .finally(() => {
      stacked.dispose();
    });
}
