/** The auxiliary forms in a model: their weights, counts and gradients, attached and detached; a saved model brings them back. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { surge } from '../compensator/surge.js';
import type { SurgeOptions } from '../compensator/surge.js';
import * as layers from '../layers/index.js';
import { attachCompensator, detachCompensator } from './attach-compensator.js';
import { binaryLayers } from './binary-layers.js';
import { summarize } from './summarize.js';

beforeAll(() => tf.setBackend('cpu'));

function network() {
  return tfl.sequential({
    layers: [
      layers.binaryConv2d({ name: 'c', filters: 6, kernelSize: 3, seed: 1, inputShape: [5, 5, 4] }),
      layers.binaryConv2d({ name: 'g', filters: 8, kernelSize: 3, groups: 2, seed: 2 }),
      tfl.layers.flatten(),
      layers.binaryDense({ name: 'd', units: 4, seed: 3 }),
    ],
  });
}

/** Form, and the shapes of each layer's auxiliary weights by METHOD.md's definition. */
const forms: [SurgeOptions, number[][][]][] = [
  [{ eta: 0.3, form: 'grouped', groups: 2 }, [[[3, 3, 2, 6]], [[3, 3, 3, 8]], [[100, 4]]]],
  [
    { eta: 0.3, form: 'lowRank', rank: 2, normScope: 'channel' },
    [
      [
        [3, 3, 4, 2],
        [1, 1, 2, 6],
      ],
      [
        [3, 3, 3, 2],
        [1, 1, 2, 8],
      ],
      [
        [200, 2],
        [2, 4],
      ],
    ],
  ],
];

describe.each(forms)('%j', (options, shapes) => {
  it('makes, trains, counts and takes away its weights', async () => {
    const model = network();
    const parameters = model.countParams();
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    attachCompensator(model, surge(options), { seed: 5 });
    const auxiliaries = binaryLayers(model).map((layer) => layer.auxiliaries);
    expect(auxiliaries.map((list) => list.map(({ shape }) => shape))).toEqual(shapes);
    const extra = shapes.flat().reduce((sum, one) => sum + one.reduce((a, b) => a * b, 1), 0);
    expect(model.countParams()).toBe(parameters + extra);
    const { total } = summarize(model);
    expect([total.parameters, total.auxiliaryParameters]).toEqual([parameters, extra]);
    const before = auxiliaries.flat().map((w) => w.read().dataSync().slice());
    const [x, y] = [tf.randomNormal([4, 5, 5, 4]), tf.randomNormal([4, 4])];
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    auxiliaries.flat().forEach((w, i) => expect(w.read().dataSync()).not.toEqual(before[i]));
    detachCompensator(model);
    expect(model.countParams()).toBe(parameters);
    expect(binaryLayers(model).flatMap((layer) => layer.auxiliaries)).toEqual([]);
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    tf.dispose([x, y]);
    model.dispose();
  });

  it('comes back with a saved layer', () => {
    const model = network();
    attachCompensator(model, surge(options), { seed: 5 });
    const [, layer] = binaryLayers(model);
    const config = JSON.parse(JSON.stringify(layer.getConfig())) as Parameters<
      typeof layers.binaryConv2d
    >[0];
    const again = layers.binaryConv2d(config);
    again.build([null, 5, 5, 6]);
    expect(again.auxiliaries.map((w) => w.read().dataSync())).toEqual(
      layer.auxiliaries.map((w) => w.read().dataSync()),
    );
    model.dispose();
  });
});

describe('initial values', () => {
  it('have the variance of a full W_a once composed', () => {
    const model = tfl.sequential({
      layers: [layers.binaryDense({ name: 'd', units: 300, seed: 3, inputShape: [400] })],
    });
    attachCompensator(model, surge({ eta: 1, form: 'lowRank', rank: 16 }));
    tf.tidy(() => {
      const [u, v] = binaryLayers(model)[0].auxiliaries.map((w) => w.read() as tf.Tensor2D);
      const { variance } = tf.moments(tf.matMul(u, v));
      expect(variance.dataSync()[0] / (2 / 400)).toBeCloseTo(1, 1);
    });
    model.dispose();
  });
});

describe('sizes that do not fit', () => {
  it.each([
    [{ eta: 1, form: 'grouped', groups: 3 }, 'layer "c"', 'divide its 4 input and 6 output'],
    [{ eta: 1, form: 'lowRank', rank: 3 }, 'layer "g"', 'a rank that its 2 groups divide, got 3'],
  ] as const)('%j', (options, layer, why) => {
    const model = network();
    const parameters = model.countParams();
    const tensors = tf.memory().numTensors;
    const attach = () => {
      attachCompensator(model, surge(options));
    };
    expect(attach).toThrow(layer);
    expect(attach).toThrow(why);
    // Earlier layers fitted; nothing is left of that, so that the call can be made again with what fits.
    expect(binaryLayers(model).map((l) => l.compensator)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([model.countParams(), tf.memory().numTensors]).toEqual([parameters, tensors]);
    attachCompensator(model, surge({ eta: 1, form: 'grouped', groups: 2 }));
    expect(binaryLayers(model).map((l) => l.auxiliaries.length)).toEqual([1, 1, 1]);
    model.dispose();
  });
});
