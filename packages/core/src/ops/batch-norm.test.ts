/** Batch norm and softmax cross-entropy against formulas written out, and finite differences. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchNormEvaluation, batchNormTraining } from './batch-norm.js';
import { softmaxCrossEntropy } from './softmax-cross-entropy.js';

beforeAll(() => tf.setBackend('cpu'));

const rows = [
  [1, -2],
  [3, 0.5],
  [-1, 4],
  [0.5, 0.25],
  [2, -1],
];
const gamma = [1.5, -0.5];
const beta = [0.25, 1];
const dy = [
  [0.5, -1],
  [1, 2],
  [-0.25, 0.5],
  [0, 1],
  [2, -0.125],
];
const epsilon = 1e-3;

/** sum dy * y with y the normalised rows, in float64: a scalar whose derivatives are the gradients. */
function loss(x: number[][], g: number[], b: number[]): number {
  let total = 0;
  for (let c = 0; c < 2; c++) {
    const column = x.map((r) => r[c]);
    const mean = column.reduce((s, v) => s + v, 0) / column.length;
    const variance = column.reduce((s, v) => s + (v - mean) ** 2, 0) / column.length;
    column.forEach((v, i) => {
      total += dy[i][c] * (((v - mean) / Math.sqrt(variance + epsilon)) * g[c] + b[c]);
    });
  }
  return total;
}

describe('batchNormTraining', () => {
  it('has the gradients that finite differences have', () => {
    tf.tidy(() => {
      const f = (x: Tensor, g: Tensor, b: Tensor) => batchNormTraining(x, g, b, epsilon).y;
      const inputs = [tf.tensor2d(rows), tf.tensor1d(gamma), tf.tensor1d(beta)];
      const [dx, dgamma, dbeta] = tf.grads(f)(inputs, tf.tensor2d(dy));
      const h = 1e-5;
      const atX = dx.dataSync();
      rows.forEach((row, i) =>
        row.forEach((_, c) => {
          const moved = (d: number) =>
            loss(
              rows.map((r, k) => r.map((v, q) => (k === i && q === c ? v + d : v))),
              gamma,
              beta,
            );
          expect(atX[i * 2 + c]).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 4);
        }),
      );
      for (const c of [0, 1]) {
        const shift = (v: number[], d: number) => v.map((e, q) => (q === c ? e + d : e));
        const byGamma = loss(rows, shift(gamma, h), beta) - loss(rows, shift(gamma, -h), beta);
        expect(dgamma.dataSync()[c]).toBeCloseTo(byGamma / (2 * h), 4);
        const byBeta = loss(rows, gamma, shift(beta, h)) - loss(rows, gamma, shift(beta, -h));
        expect(dbeta.dataSync()[c]).toBeCloseTo(byBeta / (2 * h), 4);
      }
    });
  });

  it('equals evaluation with the batch statistics, and leaks nothing', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.tensor(rows.flat(), [5, 1, 1, 2]);
      const [g, b] = [tf.tensor1d(gamma), tf.tensor1d(beta)];
      const { y, mean, variance } = batchNormTraining(x, g, b, epsilon);
      const same = batchNormEvaluation(x, g, b, mean, variance, epsilon);
      expect(tf.max(tf.abs(tf.sub(y, same))).dataSync()[0]).toBeLessThan(1e-5);
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('softmaxCrossEntropy', () => {
  const logits = [
    [1, 2, -1],
    [1000, 0, 999],
  ];
  const labels = [
    [0.1, 0.7, 0.2],
    [0, 0, 1],
  ];

  it('is -sum labels log softmax, also for large logits, with softmax - labels as gradient', () => {
    tf.tidy(() => {
      const [l, t] = [tf.tensor2d(logits), tf.tensor2d(labels)];
      const probability = logits.map((r) => {
        const top = Math.max(...r);
        const e = r.map((v) => Math.exp(v - top));
        const total = e.reduce((a, b) => a + b, 0);
        return e.map((v) => v / total);
      });
      const expected = probability.map((p, i) =>
        p.reduce((s, v, c) => s - (labels[i][c] ? labels[i][c] * Math.log(v) : 0), 0),
      );
      const loss = softmaxCrossEntropy(l, t).dataSync();
      expected.forEach((v, i) => expect(loss[i]).toBeCloseTo(v, 4));
      const weights = [2, -3];
      const [byLogits, byLabels] = tf.grads((a: Tensor, b: Tensor) => softmaxCrossEntropy(a, b))(
        [l, t],
        tf.tensor1d(weights),
      );
      probability.flat().forEach((p, k) => {
        const i = Math.floor(k / 3);
        expect(byLogits.dataSync()[k]).toBeCloseTo(weights[i] * (p - labels[i][k % 3]), 4);
      });
      expect(byLabels.dataSync()[0]).toBeCloseTo(-2 * Math.log(probability[0][0]), 4);
    });
  });

  it('refuses shapes that differ', () => {
    expect(() => softmaxCrossEntropy(tf.zeros([2, 3]), tf.zeros([2, 4]))).toThrow(
      /one shape \[rows, classes\], got \[2,3\] and \[2,4\]/,
    );
  });
});
