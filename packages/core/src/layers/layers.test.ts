/** The layers in tf.sequential, tf.model and model.fit: serialisation, compensators, progress, cost. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import type { BackwardStatistics } from '../compensator/statistics.js';
import { surge } from '../compensator/surge.js';
import { attachCompensator, detachCompensator } from '../model/attach-compensator.js';
import { binaryLayers } from '../model/binary-layers.js';
import { progressCallback, setProgress } from '../model/progress.js';
import * as layers from './index.js';
import { network, plain } from './network.fixture.js';

beforeAll(() => tf.setBackend('cpu'));

const inputs = () => tf.randomNormal([8, 6, 6, 3], 0, 1, 'float32', 5);
const targets = () => tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], 'int32'), 3);

describe('a network of our layers', () => {
  it('trains with model.fit, with a compensator attached before or after compile, and keeps latent weights in range', async () => {
    const model = network();
    model.compile({ optimizer: tf.train.sgd(5), loss: 'meanSquaredError' });
    const parameters = model.countParams();
    attachCompensator(model, surge({ eta: 0.3 }), { seed: 11 });
    const seen: BackwardStatistics[] = [];
    binaryLayers(model)[1].onStatistics = (s) => seen.push(s);
    const start = binaryLayers(model)[0].auxiliary?.read().dataSync().slice();
    await model.fit(inputs(), targets(), {
      epochs: 2,
      batchSize: 4,
      verbose: 0,
      callbacks: progressCallback(model, 4),
    });
    expect(seen).toHaveLength(4);
    expect(seen[0].lambda).toBeGreaterThan(0);
    expect(binaryLayers(model)[0].auxiliary?.read().dataSync()).not.toEqual(start);
    expect(binaryLayers(model)[0].progress).toBe(0.75);
    for (const layer of binaryLayers(model)) {
      const largest = Math.max(...layer.binaryKernel.read().dataSync().map(Math.abs));
      expect(largest).toBeLessThanOrEqual(1);
    }
    detachCompensator(model);
    expect(model.countParams()).toBe(parameters);
    await model.fit(inputs(), targets(), { epochs: 1, verbose: 0 });
    model.dispose();
  });

  it('has its memory restored where there is a compensator alone', () => {
    const model = network();
    const [layer] = binaryLayers(model);
    layer.restoreCompensatorState({});
    const attempt = () => {
      layer.restoreCompensatorState({ average: 0.5 });
    };
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(
      `layer "${layer.name}" has no compensator that the saved state {"average":0.5} could be restored to`,
    );
    attachCompensator(model, surge({ eta: 0.3 }));
    attempt();
    expect(layer.compensatorState()).toEqual({ average: 0.5 });
  });

  it('is the same network after detaching, with the same weights', () => {
    const model = network();
    const before = model.getWeights().map((w) => w.dataSync().slice());
    const names = model.weights.map((w) => w.name);
    const output = (model.predict(inputs()) as tf.Tensor).dataSync();
    attachCompensator(model, surge({ eta: 0.3, initial: 'copy' }));
    expect(model.trainableWeights.length).toBe(network().trainableWeights.length + 3);
    expect(binaryLayers(model)[0].auxiliary?.read().dataSync()).toEqual(
      binaryLayers(model)[0].binaryKernel.read().dataSync(),
    );
    expect(() => {
      attachCompensator(model, surge({ eta: 0.3 }));
    }).toThrow(/already has a compensator/);
    detachCompensator(model);
    expect(model.weights.map((w) => w.name)).toEqual(names);
    expect(model.getWeights().map((w) => w.dataSync())).toEqual(before);
    expect((model.predict(inputs()) as tf.Tensor).dataSync()).toEqual(output);
  });

  it('takes W_a from a stream of its own: same seed same W_a, whatever else is random', () => {
    const auxiliaries = (seed: number) => {
      const model = network();
      attachCompensator(model, surge({ eta: 1 }), { seed });
      return binaryLayers(model).map((l) => l.auxiliary?.read().dataSync().slice());
    };
    const first = auxiliaries(4);
    tf.randomNormal([10]).dispose();
    expect(auxiliaries(4)).toEqual(first);
    expect(auxiliaries(5)).not.toEqual(first);
    expect(first[0]).not.toEqual(first[1]);
  });

  it('freezes, shares, and chooses layers', () => {
    const model = network();
    const count = model.trainableWeights.length;
    attachCompensator(model, surge({ eta: 1, form: 'frozen', scope: { last: 1 } }));
    expect(model.trainableWeights.length).toBe(count);
    expect(binaryLayers(model).map((l) => l.auxiliary !== undefined)).toEqual([false, false, true]);
    detachCompensator(model);
    attachCompensator(model, surge({ eta: 1, form: 'shared' }));
    expect(binaryLayers(model).every((l) => l.auxiliary === undefined)).toBe(true);
  });

  it('is saved and loaded, compensator included', async () => {
    layers.registerLayers();
    const model = network();
    attachCompensator(model, surge({ eta: 0.25, scope: { names: ['c2'] } }), { seed: 9 });
    const json = model.toJSON(null, false) as object;
    const loaded = await tfl.models.modelFromJSON(
      json as Parameters<typeof tfl.models.modelFromJSON>[0],
    );
    loaded.setWeights(model.getWeights());
    expect((loaded.predict(inputs()) as tf.Tensor).dataSync()).toEqual(
      (model.predict(inputs()) as tf.Tensor).dataSync(),
    );
    expect(binaryLayers(loaded).map((l) => l.compensator?.eta)).toEqual([
      undefined,
      0.25,
      undefined,
    ]);
    detachCompensator(model);
    attachCompensator(model, surge({ eta: (p) => p }));
    expect(() => model.toJSON()).toThrow(/an eta schedule is a function and cannot be saved/);
  });

  it('works in tf.model too', () => {
    const input = tfl.input({ shape: [6, 6, 3] });
    const conv = layers.binaryConv2d({ ...plain, filters: 2, kernelSize: 3 });
    const output = conv.apply(input) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: input, outputs: output });
    expect((model.predict(inputs()) as tf.Tensor).shape).toEqual([8, 6, 6, 2]);
    expect(
      binaryLayers(tfl.model({ inputs: input, outputs: model.apply(input) as tfl.SymbolicTensor })),
    ).toEqual([conv]);
  });

  it('keeps the number of tensors over 100 steps', () => {
    const model = network();
    attachCompensator(model, surge({ eta: 0.3, lambda: { movingAverage: 0.9 } }));
    const [x, y] = [inputs(), targets()];
    const optimizer = tf.train.momentum(0.01, 0.9);
    const step = () => {
      optimizer
        .minimize(() => {
          const out = model.apply(x, { training: true }) as tf.Tensor;
          return tf.mean<tf.Scalar>(tf.squaredDifference(out, y));
        }, true)
        ?.dispose();
    };
    step();
    const before = tf.memory().numTensors;
    for (let i = 0; i < 100; i++) step();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('wrong use', () => {
  it.each([
    [
      () => layers.binaryConv2d({ ...plain, name: 'l', filters: 0, kernelSize: 3 }),
      /layer "l": filters and kernelSize/,
    ],
    [
      () => layers.binaryDense({ ...plain, name: 'l', units: 1.5 }),
      /layer "l": units must be a whole number/,
    ],
    [() => layers.batchNorm({ name: 'l', momentum: 1 }), /momentum must lie in \[0, 1\)/],
    [() => layers.layerNorm({ name: 'l', epsilon: 0 }), /layer "l": epsilon must be .* got 0/],
    [
      () =>
        tfl.sequential({
          layers: [
            layers.binaryConv2d({
              ...plain,
              name: 'l',
              filters: 4,
              kernelSize: 3,
              groups: 3,
              inputShape: [4, 4, 4],
            }),
          ],
        }),
      /l: groups must be a whole number that divides the 4 input and the 4 output channels, got 3/,
    ],
    [
      () =>
        tfl.sequential({
          layers: [
            layers.binaryConv2d({
              ...plain,
              name: 'l',
              filters: 4,
              kernelSize: 3,
              inputShape: [4],
            }),
          ],
        }),
      /layer "l": the input must have shape \[batch, height, width, channels\]/,
    ],
    [
      () => {
        attachCompensator(
          tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [1] })] }),
          surge({ eta: 1 }),
        );
      },
      /has no binary layer/,
    ],
    [
      () => {
        setProgress(network(), 2);
      },
      /p must lie in \[0, 1\], got 2/,
    ],
  ])('case %#', (f, message) => {
    expect(f).toThrow(message);
  });
});
