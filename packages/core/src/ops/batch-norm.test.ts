/** Batch norm, alone and with what stands behind it, and softmax cross-entropy against formulas written out, and finite differences. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchNormEvaluation, batchNormTraining } from './batch-norm.js';
import { hardTanh } from './hard-tanh.js';
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

describe('batchNormTraining with a shortcut and bounds', () => {
  const shortcut = [
    [0.5, 0.25],
    [-2, -0.5],
    [0.5, 0.125],
    [0.25, -1],
    [-0.5, 3],
  ];
  const all = { low: -1, high: 1 };

  /** y written out in float64: every row's number about its column's mean, the shortcut, the bounds. */
  function forward(
    x: number[][],
    g: number[],
    b: number[],
    s: number[][] | undefined,
    { low, high }: { low: number; high: number },
  ): number[][] {
    const columns = [0, 1].map((c) => x.map((r) => r[c]));
    const means = columns.map((v) => v.reduce((p, q) => p + q) / v.length);
    const variances = columns.map((v, c) => v.reduce((p, q) => p + (q - means[c]) ** 2, 0) / 5);
    return x.map((r, i) =>
      r.map((v, c) => {
        const norm = ((v - means[c]) / Math.sqrt(variances[c] + epsilon)) * g[c] + b[c];
        return Math.min(Math.max(norm + (s?.[i][c] ?? 0), low), high);
      }),
    );
  }

  const moved = (v: number[][], i: number, c: number, by: number) =>
    v.map((r, k) => r.map((e, q) => (k === i && q === c ? e + by : e)));

  it.each([
    ['shortcut and bounds', shortcut, all],
    ['bounds alone', undefined, all],
    ['shortcut alone', shortcut, { low: -Infinity, high: Infinity }],
    ['shortcut and one bound', shortcut, { low: -0.5, high: Infinity }],
  ])('%s: value and gradients, as written out', (_, s, bounds) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const tail = (z?: Tensor) => ({ shortcut: z, ...bounds });
      const f = (x: Tensor, g: Tensor, b: Tensor, z?: Tensor) =>
        batchNormTraining(x, g, b, epsilon, tail(z)).y;
      const inputs = [tf.tensor2d(rows), tf.tensor1d(gamma), tf.tensor1d(beta)];
      if (s !== undefined) inputs.push(tf.tensor2d(s));
      const y = f(inputs[0], inputs[1], inputs[2], inputs.at(3)).dataSync();
      const expected = forward(rows, gamma, beta, s, bounds).flat();
      expected.forEach((v, i) => expect(y[i]).toBeCloseTo(v, 5));
      // Some are clipped and some are not, none so near to a bound that a finite difference would step over it.
      if (bounds === all) {
        const inside = expected.filter((v) => Math.abs(v) < 1);
        expect(inside.length).toBeGreaterThan(1);
        expect(inside.length).toBeLessThan(expected.length - 1);
      }
      const gradients = tf
        .grads(f)(inputs, tf.tensor2d(dy))
        .map((t) => t.dataSync());
      const h = 1e-6;
      const loss = (x: number[][], g: number[], b: number[], z: number[][] | undefined) =>
        forward(x, g, b, z, bounds)
          .flat()
          .reduce((sum, v, i) => sum + v * dy.flat()[i], 0);
      const slope = (at: (by: number) => number) => (at(h) - at(-h)) / (2 * h);
      rows.forEach((r, i) =>
        r.forEach((__, c) => {
          const byX = slope((d) => loss(moved(rows, i, c, d), gamma, beta, s));
          expect(gradients[0][2 * i + c]).toBeCloseTo(byX, 4);
          if (s === undefined) return;
          const byShortcut = slope((d) => loss(rows, gamma, beta, moved(s, i, c, d)));
          expect(gradients[3][2 * i + c]).toBeCloseTo(byShortcut, 4);
        }),
      );
      for (const c of [0, 1]) {
        const byGamma = slope((d) => loss(rows, moved([gamma], 0, c, d)[0], beta, s));
        expect(gradients[1][c]).toBeCloseTo(byGamma, 4);
        const byBeta = slope((d) => loss(rows, gamma, moved([beta], 0, c, d)[0], s));
        expect(gradients[2][c]).toBeCloseTo(byBeta, 4);
      }
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is the norm, then hardTanh, in value, statistics and gradients to the bit', () => {
    tf.tidy(() => {
      const inputs = [tf.tensor2d(rows), tf.tensor1d(gamma), tf.tensor1d(beta)];
      inputs.push(tf.tensor2d(shortcut));
      const fused = (x: Tensor, g: Tensor, b: Tensor, z: Tensor) =>
        batchNormTraining(x, g, b, epsilon, { shortcut: z, low: -1, high: 1 });
      const apart = (x: Tensor, g: Tensor, b: Tensor, z: Tensor) => {
        const norm = batchNormTraining(x, g, b, epsilon);
        return { ...norm, y: hardTanh(norm.y, z) };
      };
      const all = [fused, apart].map((f) => {
        const { y, mean, variance } = f(inputs[0], inputs[1], inputs[2], inputs[3]);
        const of = (x: Tensor, g: Tensor, b: Tensor, z: Tensor) => f(x, g, b, z).y;
        const gradients = tf.grads(of)(inputs, tf.tensor2d(dy));
        return [y, mean, variance, ...gradients].map((t) => [...t.dataSync()]);
      });
      expect(all[0]).toEqual(all[1]);
    });
  });

  it('keeps the gradients apart where x or its shortcut goes on elsewhere, and leaves no tensor', () => {
    const [x, g, b] = [tf.tensor2d(rows), tf.tensor1d(gamma), tf.tensor1d(beta)];
    const before = tf.memory().numTensors;
    // x is its own shortcut and is added once more; TF.js frees gradients as it adds them.
    const twice = (f: (z: Tensor) => Tensor) => (z: Tensor) => tf.add(tf.mul(f(z), 2), z);
    const fused = (z: Tensor) =>
      batchNormTraining(z, g, b, epsilon, { shortcut: z, low: -1, high: 1 }).y;
    const apart = (z: Tensor) => hardTanh(batchNormTraining(z, g, b, epsilon).y, z);
    const [found, expected] = [fused, apart].map((f) => tf.grad(twice(f))(x));
    expect([...found.dataSync()]).toEqual([...expected.dataSync()]);
    tf.dispose([found, expected]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps a NaN of the shortcut, and refuses a shortcut of another shape', () => {
    const [x, g, b] = [tf.tensor2d(rows), tf.tensor1d(gamma), tf.tensor1d(beta)];
    const z = tf.tensor2d([[NaN, 0], ...shortcut.slice(1)]);
    const { y } = batchNormTraining(x, g, b, epsilon, { shortcut: z, low: -1, high: 1 });
    expect([...y.dataSync()].map(Number.isNaN)).toEqual([true, ...Array<boolean>(9).fill(false)]);
    const other = () => batchNormTraining(x, g, b, epsilon, { shortcut: tf.zeros([2]) });
    expect(other).toThrow(InputError);
    expect(other).toThrow('x and the shortcut must have one shape, got [5,2] and [2]');
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
