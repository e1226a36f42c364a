import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalForward } from '../evaluation/canonical-forward.js';
import { layers } from '../index.js';

beforeAll(() => tf.setBackend('cpu'));

describe('maxout', () => {
  it('has a learnable slope on either side, per channel, and its gradients', () => {
    const layer = layers.maxout({ inputShape: [2] });
    const model = tfl.sequential({ layers: [layer] });
    const initial = model.getWeights().map((w) => [...w.dataSync()]);
    expect(initial).toEqual([
      [1, 1],
      [0.25, 0.25],
    ]);
    model.setWeights([tf.tensor1d([2, 3]), tf.tensor1d([0.5, -1])]);
    tf.tidy(() => {
      const x = tf.tensor2d([
        [1, -4],
        [-2, 0.5],
        [0, -0],
      ]);
      expect([...canonicalForward(model, x).dataSync()]).toEqual([2, 4, -1, 1.5, 0, 0]);
      const [positive, negative] = model.trainableWeights.map((w) => w.read() as tf.Variable);
      const { grads } = tf.variableGrads(
        () => tf.sum<tf.Scalar>(model.apply(x) as tf.Tensor),
        [positive, negative],
      );
      // d/d positive: sum of the positive entries of the channel; d/d negative: of the negative ones.
      expect([...grads[positive.name].dataSync()]).toEqual([1, 0.5]);
      expect([...grads[negative.name].dataSync()]).toEqual([-2, -4]);
      const dx = tf.grad((t) => model.apply(t) as tf.Tensor)(x);
      expect([...dx.dataSync()].slice(0, 4)).toEqual([2, -1, 0.5, 3]);
    });
    model.dispose();
  });

  it('refuses what it does not know, and comes back from its config', () => {
    expect(() => layers.maxout(JSON.parse('{"slope": 1}') as object)).toThrow(/unknown option/);
    const config = layers.maxout({ positive: 2, name: 'm' }).getConfig();
    expect(config).toMatchObject({ positive: 2, negative: 0.25, name: 'm' });
  });
});
