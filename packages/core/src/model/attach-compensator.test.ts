/** Attaching in the middle of a training: TF.js's optimizers keep their moments by the weights' positions. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { surge } from '../compensator/surge.js';
import * as layers from '../layers/index.js';
import { attachCompensator, detachCompensator } from './attach-compensator.js';

beforeAll(() => tf.setBackend('cpu'));

function network() {
  return tfl.sequential({
    layers: [
      layers.binaryDense({ units: 6, inputShape: [8], seed: 1 }),
      layers.batchNorm(),
      layers.binaryDense({ units: 3, seed: 2 }),
    ],
  });
}

const inputs = tf.randomNormal([16, 8], 0, 1, 'float32', 3);
const targets = tf.randomNormal([16, 3], 0, 1, 'float32', 4);
const fit = (model: tfl.LayersModel) =>
  model.fit(inputs, targets, { epochs: 1, batchSize: 8, shuffle: false, verbose: 0 });
const loss = 'meanSquaredError';

describe('attaching after some steps of an optimizer with moments', () => {
  it.each(['adam', 'rmsprop', 'adagrad'])(
    'trains on with %s, and after detaching',
    async (name) => {
      const model = network();
      model.compile({ optimizer: name, loss });
      await fit(model);
      attachCompensator(model, surge({ eta: 0.5 }));
      await fit(model);
      detachCompensator(model);
      await fit(model);
      model.dispose();
    },
  );

  it('keeps the settings of the optimizer', async () => {
    const model = network();
    model.compile({ optimizer: tf.train.momentum(0.125, 0.75), loss });
    await fit(model);
    attachCompensator(model, surge({ eta: 0.5 }));
    expect(model.optimizer.getClassName()).toBe('Momentum');
    expect(model.optimizer.getConfig()).toMatchObject({ learningRate: 0.125, momentum: 0.75 });
    await fit(model);
  });

  it('leaves no tensor of the former optimizer behind that the model owned', async () => {
    const trained = async (attach: boolean) => {
      const before = tf.memory().numTensors;
      const model = network();
      model.compile({ optimizer: 'adam', loss });
      await fit(model);
      if (attach) {
        attachCompensator(model, surge({ eta: 0.5 }));
        await fit(model);
        detachCompensator(model);
        await fit(model);
      }
      model.dispose();
      return tf.memory().numTensors - before;
    };
    const plain = await trained(false);
    expect(await trained(true)).toBe(plain);
  });
});

describe('an optimizer that need not start anew', () => {
  it('stays: before its first step, and where nothing is detached', async () => {
    const model = network();
    const optimizer = tf.train.adam(0.01);
    model.compile({ optimizer, loss });
    attachCompensator(model, surge({ eta: 0.5 }));
    expect(model.optimizer).toBe(optimizer);
    detachCompensator(model);
    await fit(model);
    detachCompensator(model);
    expect(model.optimizer).toBe(optimizer);
  });
});

it('refuses options that it does not know', () => {
  expect(() => {
    attachCompensator(network(), surge({ eta: 1 }), { sed: 3 } as object);
  }).toThrow('unknown option of attachCompensator "sed" (did you mean "seed"?); allowed: seed');
});
