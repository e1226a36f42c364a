/** The combination with tensors (for GPUs) gives what the one with numbers gives. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { convGeometry } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { ste } from '../binarizers/named/ste.js';
import { checkScaling } from '../compensator/options.js';
import type { ScalingOptions } from '../compensator/options.js';
import type { BackwardStatistics } from '../compensator/statistics.js';
import type { BinaryPlan } from './binary-plan.js';
import { combineWithNumbers, combineWithTensors } from './branch-combination.js';

beforeAll(() => tf.setBackend('cpu'));

const plan = (options: ScalingOptions, seen: BackwardStatistics[]): BinaryPlan => ({
  geometry: convGeometry([1, 1, 1, 1], [1, 1, 1, 1]),
  padValue: 0,
  input: ste,
  weight: ste,
  p: 0,
  layer: 'test',
  compensator: {
    scaling: checkScaling(options, 'test'),
    eta: typeof options.eta === 'number' ? options.eta : 1,
    state: {},
  },
  onStatistics: (s) => seen.push(s),
});

const cases: ScalingOptions[] = [
  { eta: 0.3 },
  { eta: 0.3, gainOnly: true },
  { eta: 3, lambdaMax: 0.25 },
  { lambda: { fixed: 0.125 } },
  { eta: 0.3, lambda: { movingAverage: 0.9 } },
  { eta: 0.3, scaleAuxiliaryGradient: false },
];

describe.each(cases)('%j', (options) => {
  it('agrees', async () => {
    const before = tf.memory().numTensors;
    const [withNumbers, withTensors]: BackwardStatistics[][] = [[], []];
    const gb = tf.tensor1d([1, -2, 0.5, 3]);
    const ga = tf.tensor1d([0.25, 1, -1, 2]);
    const slope = tf.tensor1d([1, 0, 1, 1]);
    tf.tidy(() => {
      const a = combineWithNumbers(plan(options, withNumbers), gb, ga, slope);
      const b = combineWithTensors(plan(options, withTensors), gb, ga, slope);
      const difference = tf.max(tf.abs(tf.sub(a.dx, b.dx))).dataSync()[0];
      expect(difference).toBeLessThan(1e-5);
      const factor = (v: number | tf.Scalar) => (typeof v === 'number' ? v : v.dataSync()[0]);
      expect(factor(b.auxiliaryGradient)).toBeCloseTo(factor(a.auxiliaryGradient), 5);
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(withTensors).toHaveLength(1);
    expect(withTensors[0].lambda).toBeCloseTo(withNumbers[0].lambda, 5);
    expect(withTensors[0].clipped).toBe(0.25);
    tf.dispose([gb, ga, slope]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a branch with small gradients', () => {
  it('lives, although the product of the squared norms is 0 in float32', () => {
    tf.tidy(() => {
      const gb = tf.tensor1d([3e-12, 4e-12]);
      const ga = tf.tensor1d([5e-14, 0]);
      const options = { eta: 1, epsilon: 1e-20 };
      const { dx } = combineWithTensors(plan(options, []), gb, ga, gb);
      // lam = 5e-12 / 5e-14 = 100, so dx = gb + [5e-12, 0].
      expect(dx.dataSync()[0]).toBeCloseTo(8e-12, 16);
      expect(dx.dataSync()[0] / 8e-12).toBeCloseTo(1, 5);
    });
  });
});

describe('a dead branch', () => {
  it('gives lam 0, without a NaN', () => {
    tf.tidy(() => {
      const gb = tf.tensor1d([1, -2]);
      const zero = tf.zeros([2]);
      const { dx } = combineWithTensors(plan({ eta: 1 }, []), gb, zero, gb);
      expect([...dx.dataSync()]).toEqual([1, -2]);
      const none = combineWithTensors(plan({ eta: 1 }, []), zero, gb, gb);
      expect([...none.dx.dataSync()]).toEqual([0, 0]);
    });
  });
});
