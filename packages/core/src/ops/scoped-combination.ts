/**
 * lam by input channel or by sample (METHOD.md section 1, norm scope): a vector, whose entries are AGS on the norms of their own channel
 * or sample. dx = g_b + lam g_a entry by entry, and by the chain rule dL/dW_a = wgrad(lam x, G). Kept as tensors, so that a GPU
 * need not wait; where reading is cheap, a norm that is not finite is an error at once.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { notFinite } from '../compensator/scaler.js';
import type { AuxiliaryBranch } from './auxiliary-branch.js';
import type { BinaryPlan } from './binary-plan.js';
import type { Combined } from './branch-combination.js';
import { readsAreCheap } from './sign.js';
import { gainTensor, lambdaTensor, readLater } from './tensor-scaling.js';
import type { Compensator, SquaredMeasure } from './tensor-scaling.js';

/** Both branches' gradients at x, [batch, height, width, inChannels], put together under a lam for each channel or sample. */
export function combineByScope(
  plan: BinaryPlan,
  compensator: Compensator,
  gb: Tensor,
  ga: Tensor,
  clipped: Tensor,
): Combined {
  const { scaling } = compensator;
  const byChannel = scaling.normScope === 'channel';
  const axis = byChannel ? 0 : 1;
  /** One row or column of it has one lam. */
  const table = (t: Tensor) =>
    tf.reshape(t, byChannel ? [-1, plan.geometry.inChannels] : [plan.geometry.batch, -1]);
  const [b, a] = [table(gb), table(ga)];
  const sum = (t: Tensor) => tf.sum(t, axis, true);
  const measure: SquaredMeasure<Tensor> = {
    squaredB: sum(tf.square(b)),
    squaredA: sum(tf.square(a)),
    inner: sum(tf.mul(a, b)),
  };
  const lambda = lambdaTensor(compensator, measure);
  report(plan, [measure.squaredB, measure.squaredA, measure.inner, lambda], clipped);

  const weigh = (x: Tensor) => tf.reshape(tf.mul(table(x), lambda), x.shape);
  const auxiliaryGradients = (branch: AuxiliaryBranch, x: Tensor, dy: Tensor) =>
    branch.weightGradients(scaling.scaleAuxiliaryGradient ? weigh(x) : x, dy);
  if (!scaling.gainOnly) return { dx: tf.add(gb, weigh(ga)), auxiliaryGradients };
  const dx = tf.reshape(tf.mul(b, gainTensor(lambda, measure)), gb.shape);
  return { dx, auxiliaryGradients };
}

/** Norms and cosine over the whole layer, the mean of lam; skipped where no channel or sample has a lam. */
function report(plan: BinaryPlan, vectors: readonly Tensor[], clipped: Tensor): void {
  const numbers = tf.concat([...vectors.map((t) => tf.reshape(t, [-1])), tf.reshape(clipped, [1])]);
  const take = (values: ArrayLike<number>) => {
    const count = (values.length - 1) / 4;
    const total = (from: number) => {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += values[from * count + i];
      return sum;
    };
    const [normB, normA] = [Math.sqrt(total(0)), Math.sqrt(total(1))];
    if (!Number.isFinite(normA) || !Number.isFinite(normB)) {
      throw notFinite(plan.layer, normB, normA);
    }
    const product = normB * normA;
    const lambda = total(3) / count;
    plan.onStatistics?.({
      lambda,
      cosine: product > 0 ? total(2) / product : 0,
      normB,
      normA,
      clipped: values[values.length - 1],
      skipped: lambda === 0,
    });
  };
  if (readsAreCheap()) {
    take(numbers.dataSync());
    return;
  }
  readLater(numbers, take);
}
