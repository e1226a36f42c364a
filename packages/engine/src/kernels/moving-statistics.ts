/**
 * SurgeMovingStatistics: a handful of numbers for each channel, computed here and not by the providers, since a call of theirs takes
 * longer; so every backend gives the same bits.
 */
import { MOVING_STATISTICS, type MovingStatisticsAttrs } from '@surge-bnn/contract';
import type { KernelEntry } from './entry.js';
import { expectPerChannel } from './per-channel.js';

export const movingStatistics: KernelEntry = {
  kernel: MOVING_STATISTICS,
  uses: [],
  run(call) {
    const { keep, unbias } = call.attrs<MovingStatisticsAttrs>();
    const mean = call.input('mean');
    const variance = call.input('variance');
    const batchMean = call.input('batchMean');
    const batchVariance = call.input('batchVariance');
    expectPerChannel('moving statistics', mean, { mean, variance, batchMean, batchVariance });
    const newMean = call.output(mean.shape);
    const newVariance = call.output(variance.shape);
    call.compute((_, view) => {
      move(view(mean), view(batchMean), view(newMean), keep, 1);
      move(view(variance), view(batchVariance), view(newVariance), keep, unbias);
    });
    return [newMean, newVariance];
  },
};

/** Every product and sum is rounded to float32, as plain ops would round them. */
function move(
  moving: Float32Array,
  batch: Float32Array,
  moved: Float32Array,
  keep: number,
  factor: number,
): void {
  const { fround } = Math;
  const kept = fround(keep);
  const taken = fround(1 - keep);
  const scale = fround(factor);
  for (let c = 0; c < moved.length; c++) {
    moved[c] = fround(moving[c] * kept) + fround(fround(batch[c] * scale) * taken);
  }
}
