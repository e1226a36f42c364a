/** lam and the gain on tensors against METHOD.md's formulas in float64, of a vector of measures and of one. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkScaling } from '../compensator/options.js';
import type { ScalingOptions } from '../compensator/options.js';
import { gainTensor, lambdaTensor, readLater } from './tensor-scaling.js';

beforeAll(() => tf.setBackend('cpu'));

/** |g_b|, |g_a| and their product; the last two have a branch without a gradient. */
const entries = [
  [2, 3, 4],
  [0.5, 4, -1.75],
  [1e-11, 3e-13, 0],
  [0, 2, 0],
  [3, 0, 0],
] as const;

const cases: [ScalingOptions, number | undefined, (b: number, a: number) => number][] = [
  [{ eta: 0.3 }, undefined, (b, a) => (0.3 * b) / (a + 1e-8)],
  [{ eta: 2, epsilon: 0.5 }, undefined, (b, a) => (2 * b) / (a + 0.5)],
  [{ eta: 3, lambdaMax: 0.25 }, undefined, (b, a) => Math.min(0.25, (3 * b) / (a + 1e-8))],
  [{ lambda: { fixed: 0.125 } }, undefined, () => 0.125],
  [{ eta: 1, lambda: { movingAverage: 0.9 } }, undefined, (b, a) => b / (a + 1e-8)],
  [{ eta: 1, lambda: { movingAverage: 0.75 } }, 2, (b, a) => 1.5 + (0.25 * b) / (a + 1e-8)],
];

describe.each(cases)('%j after %d', (options, average, formula) => {
  const { eta } = options;
  const compensator = {
    scaling: checkScaling(options, 'test'),
    eta: typeof eta === 'number' ? eta : 1,
    state: average === undefined ? {} : { average },
  };

  it('is lam, and the gain of the longer step, entry by entry', () => {
    tf.tidy(() => {
      const column = (f: (e: (typeof entries)[number]) => number) => tf.tensor1d(entries.map(f));
      const measure = {
        squaredB: column(([b]) => b * b),
        squaredA: column(([, a]) => a * a),
        inner: column(([, , inner]) => inner),
      };
      const lambda = lambdaTensor(compensator, measure);
      const [lambdas, gains] = [lambda, gainTensor(lambda, measure)].map((t) => t.dataSync());
      entries.forEach(([b, a, inner], i) => {
        const expected = a === 0 || b === 0 ? 0 : formula(b, a);
        expect(Math.abs(lambdas[i] - expected)).toBeLessThan(1e-6);
        const squared = b ** 2 + 2 * expected * inner + (expected * a) ** 2;
        expect(gains[i]).toBeCloseTo(b === 0 ? 0 : Math.sqrt(Math.max(0, squared)) / b, 5);
        // A measure by itself has the same numbers.
        const one = {
          squaredB: tf.scalar(b * b),
          squaredA: tf.scalar(a * a),
          inner: tf.scalar(inner),
        };
        const single = lambdaTensor(compensator, one);
        expect(single.shape).toEqual([]);
        expect(single.dataSync()[0]).toBe(lambdas[i]);
        expect(gainTensor(single, one).dataSync()[0]).toBe(gains[i]);
      });
    });
  });
});

it('numbers that are read later outlive the tidy that made them, and nothing else does', async () => {
  const before = tf.memory().numTensors;
  const seen: number[][] = [];
  tf.tidy(() => {
    readLater(tf.add(tf.tensor1d([1, 2]), 3), (values) => seen.push(Array.from(values)));
  });
  expect([seen, tf.memory().numTensors]).toEqual([[], before + 1]);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect([seen, tf.memory().numTensors]).toEqual([[[4, 5]], before]);
});
