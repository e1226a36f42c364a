/** Layer norm and its layer against a formula written out, finite differences, and TF.js's own layer. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import * as layers from '../layers/index.js';
import { layerNorm } from './layer-norm.js';

beforeAll(() => tf.setBackend('cpu'));

const rows = [
  [1, -2, 0.5],
  [3, 0.5, 3],
  [-1, 4, 2],
  [0.25, 0.25, 0.25],
];
const gamma = [1.5, -0.5, 2];
const beta = [0.25, 1, -1];
const dy = [
  [0.5, -1, 2],
  [1, 2, -0.5],
  [-0.25, 0.5, 1],
  [2, -0.125, 0],
];
const epsilon = 0.01;

function normalised(x: number[][], g: number[], b: number[]): number[][] {
  return x.map((row) => {
    const mean = row.reduce((s, v) => s + v, 0) / row.length;
    const variance = row.reduce((s, v) => s + (v - mean) ** 2, 0) / row.length;
    return row.map((v, c) => ((v - mean) / Math.sqrt(variance + epsilon)) * g[c] + b[c]);
  });
}

/** sum dy * y in float64: a scalar whose derivatives are the gradients. */
function loss(x: number[][], g: number[], b: number[]): number {
  return normalised(x, g, b)
    .flatMap((row, i) => row.map((v, c) => v * dy[i][c]))
    .reduce((s, v) => s + v, 0);
}

/** Derivative of f at each entry of `at`, by central differences. */
function derivative(f: (moved: number[]) => number, at: number[]): number[] {
  const h = 1e-5;
  const moved = (i: number, d: number) => f(at.map((v, k) => (k === i ? v + d : v)));
  return at.map((_, i) => (moved(i, h) - moved(i, -h)) / (2 * h));
}

function expectClose(actual: Tensor, expected: number[]): void {
  const values = actual.dataSync();
  expect(values).toHaveLength(expected.length);
  expected.forEach((v, i) => expect(values[i]).toBeCloseTo(v, 4));
}

const inThrees = (x: number[]) => rows.map((_, r) => x.slice(3 * r, 3 * r + 3));

describe('layerNorm', () => {
  it.each([[[4, 3]], [[2, 2, 3]], [[2, 1, 2, 3]]])('is its formula on %j', (shape) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const y = layerNorm(
        tf.tensor(rows.flat(), shape),
        tf.tensor(gamma),
        tf.tensor(beta),
        epsilon,
      );
      expect(y.shape).toEqual(shape);
      expectClose(y, normalised(rows, gamma, beta).flat());
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('of one vector is that of one row', () => {
    const y = layerNorm(tf.tensor1d(rows[0]), tf.tensor(gamma), tf.tensor(beta), epsilon);
    expect(y.shape).toEqual([3]);
    expectClose(y, normalised([rows[0]], gamma, beta)[0]);
  });

  it.each([[[4, 3]], [[2, 2, 3]]])(
    'has the gradients that finite differences have on %j',
    (shape) => {
      tf.tidy(() => {
        const f = (x: Tensor, g: Tensor, b: Tensor) => layerNorm(x, g, b, epsilon);
        const inputs = [tf.tensor(rows.flat(), shape), tf.tensor1d(gamma), tf.tensor1d(beta)];
        const [dx, dgamma, dbeta] = tf.grads(f)(inputs, tf.tensor(dy.flat(), shape));
        expect(dx.shape).toEqual(shape);
        expectClose(
          dx,
          derivative((x) => loss(inThrees(x), gamma, beta), rows.flat()),
        );
        expectClose(
          dgamma,
          derivative((g) => loss(rows, g, beta), gamma),
        );
        expectClose(
          dbeta,
          derivative((b) => loss(rows, gamma, b), beta),
        );
      });
    },
  );

  it.each([
    [[3], [2], [3], /layerNorm: gamma must have shape \[C\].* x \[3\], got \[2\]/],
    [[2, 3], [3], [1, 3], /layerNorm: beta must .* x \[2,3\], got \[1,3\]/],
    [[], [], [], /layerNorm: gamma must .* x \[\], got \[\]/],
  ])('refuses x %j, gamma %j, beta %j', (x, g, b, message) => {
    const attempt = () => layerNorm(tf.zeros(x), tf.zeros(g), tf.zeros(b));
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
  });
});

describe('layers.layerNorm', () => {
  it('computes what TF.js’s own layer computes, and has as many parameters', () => {
    const shape = { inputShape: [2, 3] };
    const ours = tfl.sequential({ layers: [layers.layerNorm({ ...shape, epsilon })] });
    const theirs = tfl.sequential({
      layers: [tfl.layers.layerNormalization({ ...shape, epsilon, axis: -1 })],
    });
    for (const model of [ours, theirs]) model.setWeights([tf.tensor(gamma), tf.tensor(beta)]);
    const x = tf.tensor(rows.flat(), [2, 2, 3]);
    expectClose(ours.predict(x) as Tensor, [...(theirs.predict(x) as Tensor).dataSync()]);
    expect(ours.countParams()).toBe(6);
  });

  it('is saved and loaded with its epsilon, and lets a mask pass', async () => {
    layers.registerLayers();
    const model = tfl.sequential({
      layers: [
        tfl.layers.embedding({ inputDim: 5, outputDim: 4, inputLength: 3, maskZero: true }),
        layers.layerNorm({ name: 'n', epsilon: 1e-12 }),
      ],
    });
    const json = model.toJSON(null, false) as object;
    const loaded = await tfl.models.modelFromJSON(
      json as Parameters<typeof tfl.models.modelFromJSON>[0],
    );
    expect(loaded.getLayer('n')).toMatchObject({ epsilon: 1e-12 });
    loaded.setWeights(model.getWeights());
    const ids = tf.tensor2d([[1, 4, 0]]);
    expect((loaded.predict(ids) as Tensor).dataSync()).toEqual(
      (model.predict(ids) as Tensor).dataSync(),
    );
  });

  it('needs to know its channels', () => {
    const layer = layers.layerNorm({ name: 'n' });
    expect(() => layer.apply(tfl.input({ shape: [2, null] }))).toThrow(
      'layer "n": the last axis of the input must have a known size, got [null,2,null]',
    );
  });
});
