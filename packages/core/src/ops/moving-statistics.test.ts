import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
// TF.js registers its gradients when this is imported.
import '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { movedStatistics } from './moving-statistics.js';

beforeAll(() => tf.setBackend('cpu'));

const of = (mean: number[], variance: number[]) => ({
  mean: tf.tensor1d(mean),
  variance: tf.tensor1d(variance),
});

it('keeps a share of the old statistics and takes the rest of the batch, its variance unbiased', () => {
  const { mean, variance } = movedStatistics(of([8, -4], [1, 2]), of([0, 4], [3, 6]), 4, 0.75);
  expect([...mean.dataSync()]).toEqual([6, -2]);
  // 4 rows: the biased variances times 4 / 3 are 4 and 8.
  expect([...variance.dataSync()]).toEqual([0.75 + 1, 1.5 + 2]);
});

it('has no unbiased estimate for one row, and takes the batch alone where nothing is kept', () => {
  const { mean, variance } = movedStatistics(of([8], [9]), of([1], [2]), 1, 0);
  expect([...mean.dataSync(), ...variance.dataSync()]).toEqual([1, 2]);
});

it('leaves two tensors, also under a tape', () => {
  const before = tf.memory().numTensors;
  const [moving, batch] = [of([1], [2]), of([3], [4])];
  const scale = tf.scalar(2);
  const gradient = tf.grad((s: tf.Tensor) => {
    tf.keep(movedStatistics(moving, batch, 8, 0.9).mean);
    return tf.mul(s, 3);
  })(scale);
  // The four, the scale and its gradient, and the mean that was kept.
  expect(tf.memory().numTensors - before).toBe(7);
  expect([...gradient.dataSync()]).toEqual([3]);
});
