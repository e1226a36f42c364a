/** The L2 norm and its layer against a formula written out and finite differences of it, at vectors of zeros, and in canonical evaluation. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalForward } from '../evaluation/canonical-forward.js';
import * as layers from '../layers/index.js';
import { l2Norm } from './l2-norm.js';

beforeAll(() => tf.setBackend('cpu'));

const rows = [
  [1, -2, 0.5],
  [3, 0.5, 3],
  [-1e-3, 4e-3, 2e-3],
  [40, 0, -9],
];
const scale = [1.5, -0.5, 20];
const dy = [
  [0.5, -1, 2],
  [1, 2, -0.5],
  [-0.25, 0.5, 1],
  [2, -0.125, 0],
];

function formula(x: number[][], gamma: number[]): number[][] {
  return x.map((row) => {
    const length = Math.sqrt(row.reduce((sum, v) => sum + v * v, 0));
    return row.map((v, c) => (gamma[c] * v) / length);
  });
}

/** sum dy y in float64: a scalar whose derivatives are the gradients. */
const loss = (x: number[][], gamma: number[]) =>
  formula(x, gamma)
    .flatMap((row, i) => row.map((v, c) => v * dy[i][c]))
    .reduce((sum, v) => sum + v, 0);

/** Derivative of f at each entry of `at`, by central differences. */
function derivative(f: (moved: number[]) => number, at: number[]): number[] {
  return at.map((v, i) => {
    const h = 1e-6 * Math.max(1e-2, Math.abs(v));
    const moved = (d: number) => f(at.map((w, k) => (k === i ? w + d : w)));
    return (moved(h) - moved(-h)) / (2 * h);
  });
}

function expectClose(actual: tf.Tensor, expected: number[]): void {
  const values = actual.dataSync();
  expect(values).toHaveLength(expected.length);
  expected.forEach((v, i) =>
    expect(Math.abs(values[i] - v)).toBeLessThan(2e-5 * Math.max(1, Math.abs(v))),
  );
}

const inThrees = (x: number[]) => rows.map((_, r) => x.slice(3 * r, 3 * r + 3));

describe('l2Norm', () => {
  it.each([[[4, 3]], [[2, 2, 3]], [[2, 1, 2, 3]]])('is its formula on %j', (shape) => {
    const x = tf.tensor(rows.flat(), shape);
    const f = (a: tf.Tensor, s: tf.Tensor) => l2Norm(a, s);
    const gamma = tf.tensor1d(scale);
    expectClose(f(x, gamma), formula(rows, scale).flat());
    const [dx, dscale] = tf.grads(f)([x, gamma], tf.tensor(dy.flat(), shape));
    expectClose(
      dx,
      derivative((moved) => loss(inThrees(moved), scale), rows.flat()),
    );
    expectClose(
      dscale,
      derivative((moved) => loss(rows, moved), scale),
    );
  });

  it('a vector of zeros stays one, and what is shorter than the bound has the slope of a division by it', () => {
    const x = tf.tensor2d([
      [0, 0],
      [0, 0],
    ]);
    const gamma = tf.tensor1d([20, 3]);
    expect([...l2Norm(x, gamma).dataSync()]).toEqual([0, 0, 0, 0]);
    const [dx, dscale] = tf.grads((a, s) => l2Norm(a, s))(
      [x, gamma],
      tf.tensor2d([
        [1, 0],
        [0, -2],
      ]),
    );
    const expected = [20e12, 0, 0, -6e12];
    dx.dataSync().forEach((v, i) => expect(v / 1e12).toBeCloseTo(expected[i] / 1e12, 4));
    expect([...dscale.dataSync()].map(Math.abs)).toEqual([0, 0]);
  });

  it('leaves no tensor behind', () => {
    const [x, gamma, weights] = [tf.tensor2d(rows), tf.tensor1d(scale), tf.tensor2d(dy)];
    const f = tf.grads((a, s) => l2Norm(a, s));
    tf.dispose(f([x, gamma], weights));
    const before = tf.memory().numTensors;
    tf.dispose([l2Norm(x, gamma), ...f([x, gamma], weights)]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a scale of another shape', () => {
    const make = () => l2Norm(tf.zeros([2, 3]), tf.zeros([2]));
    expect(make).toThrow(InputError);
    expect(make).toThrow('scale must have shape [C], C being the last axis of x [2,3], got [2]');
  });
});

describe('the layer', () => {
  it('starts at one number, is evaluated with sums in f64, and is loaded as it was saved', () => {
    const layer = layers.l2Norm({ scale: 10, inputShape: [1, 4, 3] });
    const model = tfl.sequential({ layers: [layer] });
    expect([...model.getWeights()[0].dataSync()]).toEqual([10, 10, 10]);
    model.setWeights([tf.tensor1d(scale)]);
    const x = tf.tensor(rows.flat(), [1, 1, 4, 3]);
    const f = Math.fround;
    const expected = rows.flatMap((row) => {
      const given = row.map(f);
      const length = f(Math.sqrt(given.reduce((sum, v) => sum + v * v, 0)));
      return given.map((v, c) => f(f(v / length) * f(scale[c])));
    });
    expect([...canonicalForward(model, x).dataSync()]).toEqual(expected);
    expectClose(model.predict(x) as tf.Tensor, formula(rows, scale).flat());
    expect(layer.getConfig()).toMatchObject({ scale: 10 });
    expect(() => layers.l2Norm({ scale: NaN })).toThrow(/scale must be a finite number, got NaN/);
    expect(() => layers.l2Norm({ scael: 1 } as object)).toThrow(/did you mean "scale"/);
  });
});
