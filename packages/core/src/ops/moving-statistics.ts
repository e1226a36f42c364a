/** The moving statistics of a batch norm: one step of their average, in one kernel where the backend has it. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { MOVING_STATISTICS } from '@surge-bnn/contract';
import type { MovingStatisticsAttrs } from '@surge-bnn/contract';
import { ensureKernel, runKernel } from './kernel-registry.js';

interface Statistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * The moving statistics after a batch: `keep` of the old ones, and the rest of the batch's. One kernel without a gradient, so that a tape
 * that is running saves nothing for it.
 *
 * @param batch mean and biased variance over `rows` rows; the moving variance takes the unbiased estimate, as PyTorch and Keras have it.
 */
export function movedStatistics(
  moving: Statistics,
  batch: Statistics,
  rows: number,
  keep: number,
): Statistics {
  ensureKernel(MOVING_STATISTICS, compose);
  // The batch's first: a tape looks through the inputs until it finds one that depends on the weights.
  const inputs = {
    batchMean: batch.mean,
    batchVariance: batch.variance,
    mean: moving.mean,
    variance: moving.variance,
  };
  const attrs: MovingStatisticsAttrs = { keep, unbias: rows > 1 ? rows / (rows - 1) : 1 };
  const [mean, variance] = runKernel(MOVING_STATISTICS, inputs, attrs);
  return { mean, variance };
}

type Inputs = Readonly<Record<'mean' | 'variance' | 'batchMean' | 'batchVariance', Tensor>>;

function compose(
  { mean, variance, batchMean, batchVariance }: Inputs,
  { keep, unbias }: MovingStatisticsAttrs,
): Tensor[] {
  const move = (moving: Tensor, batch: Tensor) =>
    tf.add(tf.mul(moving, keep), tf.mul(batch, 1 - keep));
  return [move(mean, batchMean), move(variance, tf.mul(batchVariance, unbias))];
}
