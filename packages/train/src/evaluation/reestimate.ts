/** Batch norm's statistics anew over training batches, before a network is judged or shipped. */
import { reestimateBatchNorm } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { BatchLoader } from '@surge-bnn/data/browser';
import type { ChannelStatistics, PictureSet } from '@surge-bnn/data/browser';
import { imageTensor } from '../gradients.js';
import { nextTurn } from '../turn.js';

export interface ReestimateOptions {
  /** Batches; 0 leaves the statistics as they are. */
  readonly count: number;
  /** Whose order the batches are in. */
  readonly epoch: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly normalization: ChannelStatistics;
  readonly signal?: AbortSignal;
}

/**
 * Averages the statistics over batches of the set, as they are (no augmentation), weights standing still. The moving averages
 * that they replace play no part in training.
 *
 * @throws the signal's reason when it is aborted.
 */
export async function reestimateOn(
  model: Model,
  set: PictureSet,
  { count, epoch, batchSize, seed, normalization, signal }: ReestimateOptions,
): Promise<void> {
  if (count === 0) return;
  const loader = new BatchLoader(set, { batchSize, seed, normalization, workers: 0 });
  async function* inputs() {
    let done = 0;
    for await (const batch of loader.epoch(epoch)) {
      signal?.throwIfAborted();
      const x = imageTensor(batch, [set.height, set.width, set.channels]);
      try {
        yield x;
      } finally {
        x.dispose();
      }
      done += 1;
      if (done === count) return;
      await nextTurn();
    }
  }
  try {
    await reestimateBatchNorm(model, inputs());
  } finally {
    await loader.close();
  }
}
