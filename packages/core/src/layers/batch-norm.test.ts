/** The statistics of batch norm: moving, and estimated anew. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { reestimateBatchNorm } from '../model/reestimate-batch-norm.js';
import * as layers from './index.js';

beforeAll(() => tf.setBackend('cpu'));

describe('batchNorm', () => {
  it('moves its statistics towards the batch: mean, and unbiased variance', () => {
    const layer = layers.batchNorm({ momentum: 0.75, inputShape: [2] });
    const model = tfl.sequential({ layers: [layer] });
    const x = tf.tensor2d([
      [1, 10],
      [3, 30],
    ]);
    model.apply(x, { training: true });
    const [, , mean, variance] = model.getWeights().map((w) => [...w.dataSync()]);
    expect(mean).toEqual([0.5, 5]);
    expect(variance).toEqual([0.75 + 0.25 * 2, 0.75 + 0.25 * 200]);
  });
});

describe('reestimateBatchNorm', () => {
  it('averages plainly over the batches, forgets what was, and changes no weight', async () => {
    const layer = layers.batchNorm({ momentum: 0.5, inputShape: [1] });
    const model = tfl.sequential({ layers: [layer] });
    const batch = (values: number[]) => tf.tensor2d(values, [values.length, 1]);
    model.apply(batch([100, 300]), { training: true });
    const batches = [batch([1, 3]), batch([5, 5]), batch([-2, 8])];
    const before = tf.memory().numTensors;
    expect(await reestimateBatchNorm(model, batches)).toBe(3);
    expect(tf.memory().numTensors).toBe(before);
    const [gamma, beta, mean, variance] = model.getWeights().map((w) => w.dataSync()[0]);
    expect([gamma, beta]).toEqual([1, 0]);
    expect(mean).toBeCloseTo((2 + 5 + 3) / 3, 5);
    expect(variance).toBeCloseTo((2 + 0 + 50) / 3, 4);
    // And then the moving average goes on from there.
    model.apply(batch([0, 0]), { training: true });
    expect(model.getWeights()[2].dataSync()[0]).toBeCloseTo(10 / 6, 5);
    expect(await reestimateBatchNorm(model, [])).toBe(0);
    expect(model.getWeights()[2].dataSync()[0]).toBeCloseTo(10 / 6, 5);
  });
});
