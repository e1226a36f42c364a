/** Batch norm as a layer: its statistics, moving and estimated anew, and a hardTanh as its activation. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalForward } from '../evaluation/canonical-forward.js';
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

describe("batchNorm with activation 'hardTanh'", () => {
  const numbers = (shape: number[], seed: number) =>
    tf.tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) =>
        Math.sin(seed + i * i),
      ),
      shape,
    );
  const shape = [4, 3, 3, 2];
  const weights = () => [
    tf.tensor1d([1.5, -2]),
    tf.tensor1d([0.1, 0.2]),
    tf.tensor1d([0.25, -0.125]),
    tf.tensor1d([0.5, 2]),
  ];

  /** The fused layer and the two that it stands for, with the same weights. */
  function both(inputs: number) {
    const make = (build: (given: tfl.SymbolicTensor[]) => unknown) => {
      const given = Array.from({ length: inputs }, () => tfl.input({ shape: shape.slice(1) }));
      const outputs = build(given) as tfl.SymbolicTensor;
      const model = tfl.model({ inputs: given, outputs });
      model.setWeights(weights());
      return model;
    };
    const fused = make((given) =>
      layers
        .batchNorm({ momentum: 0.75, activation: 'hardTanh' })
        .apply(inputs === 1 ? given[0] : given),
    );
    const apart = make(([x, ...rest]) => {
      const norm = layers.batchNorm({ momentum: 0.75 }).apply(x) as tfl.SymbolicTensor;
      return layers.hardTanh().apply([norm, ...rest]);
    });
    return [fused, apart];
  }

  it.each([1, 2])('is batchNorm, then hardTanh, of %i inputs: to the bit', (inputs) => {
    const given = [numbers(shape, 1), numbers(shape, 5)].slice(0, inputs);
    const [fused, apart] = both(inputs);
    expect(fused.outputs[0].shape).toEqual([null, ...shape.slice(1)]);
    const results = [fused, apart].map((model) => {
      const before = tf.memory().numTensors;
      const y = tf.tidy(() => model.predict(given) as tf.Tensor);
      expect(tf.memory().numTensors).toBe(before + 1);
      const training = tf.tidy(() => model.apply(given, { training: true }) as tf.Tensor);
      expect(tf.memory().numTensors).toBe(before + 2);
      const moved = model.getWeights().map((w) => [...w.dataSync()]);
      return [[...y.dataSync()], [...training.dataSync()], ...moved];
    });
    expect(results[0]).toEqual(results[1]);
    expect(results[0][2]).not.toEqual(results[0][0]);
    // In evaluation a x + b, the sum and the clip, each rounded: so by its own formula, too.
    const f = Math.fround;
    const [gamma, beta, mean, variance] = weights().map((w) => w.dataSync());
    const a = gamma.map((v, c) => v / f(Math.sqrt(f(variance[c] + f(1e-5)))));
    const b = beta.map((v, c) => v - f(mean[c] * a[c]));
    const x = given[0].dataSync();
    const s = given.at(1)?.dataSync();
    const expected = x.map((v, i) => {
      const norm = f(f(v * a[i % 2]) + b[i % 2]);
      return Math.min(1, Math.max(-1, s === undefined ? norm : f(norm + s[i])));
    });
    expect(results[0][0]).toEqual([...expected]);
  });

  it('is evaluated canonically, with the same bits', () => {
    const [x] = [numbers(shape, 1)];
    const outputs = [
      { activation: 'hardTanh' as const, rest: [] },
      { rest: [layers.hardTanh()] },
    ].map(({ rest, ...options }) => {
      const norm = layers.batchNorm({ ...options, inputShape: shape.slice(1) });
      const model = tfl.sequential({ layers: [norm, ...rest] });
      model.setWeights(weights());
      return [...canonicalForward(model, x).dataSync()];
    });
    expect(outputs[0]).toEqual(outputs[1]);
    expect(outputs[0].filter((v) => Math.abs(v) === 1).length).toBeGreaterThan(1);
  });

  it('comes back from its topology', async () => {
    const [fused] = both(2);
    const modelTopology = fused.toJSON(null, false) as object;
    const again = await tfl.loadLayersModel(tf.io.fromMemory({ modelTopology }), { strict: false });
    again.setWeights(fused.getWeights());
    const given = [numbers(shape, 2), numbers(shape, 3)];
    const [a, b] = [fused, again].map((m) => (m.predict(given) as tf.Tensor).dataSync());
    expect(b).toEqual(a);
    expect(again.layers.at(-1)?.getConfig()).toMatchObject({ activation: 'hardTanh' });
    expect(layers.batchNorm().getConfig()).not.toHaveProperty('activation');
  });

  it('refuses another activation, two tensors without one, three, and two shapes', () => {
    const input = (n: number) => tfl.input({ shape: [n] });
    const on = (inputs: tfl.SymbolicTensor[], activation?: 'hardTanh') => () =>
      layers.batchNorm({ name: 'n', ...(activation && { activation }) }).apply(inputs);
    for (const make of [
      on([input(2), input(2)]),
      on([input(2), input(3)], 'hardTanh'),
      on([input(2), input(2), input(2)], 'hardTanh'),
    ]) {
      expect(make).toThrow(InputError);
      expect(make).toThrow(
        /layer "n": batchNorm takes one tensor, or with an activation two of one shape, got \[null,2\]/,
      );
    }
    const activation = 'relu' as 'hardTanh';
    expect(() => layers.batchNorm({ name: 'n', activation })).toThrow(
      'layer "n": activation must be hardTanh or left out, got "relu"',
    );
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
