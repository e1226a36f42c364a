/** maxPool2d, doubled2d, channelBias, and batchNorm without gamma. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalForward } from '../evaluation/canonical-forward.js';
import * as layers from './index.js';
import type { MaxPool2DOptions } from './max-pool-2d.js';

beforeAll(() => tf.setBackend('cpu'));

const numbers = (shape: number[], seed = 0): tf.Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: size }, (_, i) => 2 * Math.sin(i * i + seed) - 1.5);
  return tf.tensor(values, shape);
};

describe('maxPool2d', () => {
  it.each([
    [[8, 8], [3, 3], [2, 2], 1],
    [[7, 5], [3, 2], [2, 1], 1],
    [[6, 6], [2, 2], [2, 2], 0],
    [[4, 5], [5, 3], [1, 3], 2],
  ] as const)(
    'of %j, window %j, strides %j, padding %i: the border wins nowhere',
    ([height, width], poolSize, strides, padding) => {
      const pool = layers.maxPool2d({
        poolSize: [...poolSize],
        strides: [...strides],
        padding,
        inputShape: [height, width, 2],
      });
      const model = tfl.sequential({ layers: [pool] });
      const x = numbers([1, height, width, 2]);
      const xs = x.dataSync();
      const out = [0, 1].map(
        (axis) =>
          Math.floor(([height, width][axis] + 2 * padding - poolSize[axis]) / strides[axis]) + 1,
      );
      const expected: number[] = [];
      const winners: number[] = [];
      for (let oy = 0; oy < out[0]; oy++) {
        for (let ox = 0; ox < out[1]; ox++) {
          for (let c = 0; c < 2; c++) {
            let best = -1;
            for (let ky = 0; ky < poolSize[0]; ky++) {
              for (let kx = 0; kx < poolSize[1]; kx++) {
                const y = oy * strides[0] + ky - padding;
                const at = ox * strides[1] + kx - padding;
                if (y < 0 || y >= height || at < 0 || at >= width) continue;
                const i = (y * width + at) * 2 + c;
                if (best < 0 || xs[i] > xs[best]) best = i;
              }
            }
            expected.push(xs[best]);
            winners.push(best);
          }
        }
      }
      expect(model.outputs[0].shape).toEqual([null, ...out, 2]);
      expect([...(model.predict(x) as tf.Tensor).dataSync()]).toEqual(expected);
      expect([...canonicalForward(model, x).dataSync()]).toEqual(expected);
      const dy = numbers([1, ...out, 2], 3);
      const dx = new Array<number>(xs.length).fill(0);
      dy.dataSync().forEach((g, k) => (dx[winners[k]] += g));
      const found = tf
        .grad((t) => model.apply(t) as tf.Tensor)(x, dy)
        .dataSync();
      found.forEach((value, i) => {
        expect(value).toBeCloseTo(dx[i], 5);
      });
    },
  );

  it('pools by its own size where no strides are given, and keeps its config', () => {
    const pool = layers.maxPool2d({ poolSize: 2, inputShape: [5, 4, 1] });
    expect(tfl.sequential({ layers: [pool] }).outputs[0].shape).toEqual([null, 2, 2, 1]);
    expect(pool.getConfig()).toMatchObject({ poolSize: [2, 2], strides: [2, 2], padding: 'valid' });
  });

  it.each<[MaxPool2DOptions, RegExp]>([
    [{ poolSize: 0 }, /poolSize must be one or two whole numbers > 0, got 0/],
    [{ poolSize: 2, padding: 2 }, /padding must be smaller than the pool of 2x2, got 2/],
    [{ poolSize: 9 }, /does not fit/],
    [{ poolSize: 2, strides: 0 }, /strides must be one or two whole numbers >= 1/],
  ])('refuses %j', (options, message) => {
    const make = () =>
      tfl.sequential({ layers: [layers.maxPool2d({ ...options, inputShape: [5, 5, 1] })] });
    expect(make).toThrow(InputError);
    expect(make).toThrow(message);
  });
});

describe('channelBias', () => {
  it('adds a number to each channel; its gradient is the sum over all else', () => {
    const model = tfl.sequential({ layers: [layers.channelBias({ inputShape: [3, 2, 4] })] });
    const [bias] = model.getWeights();
    expect([...bias.dataSync()]).toEqual([0, 0, 0, 0]);
    model.setWeights([tf.tensor1d([0.5, -1, 0, 2])]);
    const x = numbers([2, 3, 2, 4]);
    const expected = [...x.dataSync()].map((v, i) => Math.fround(v + [0.5, -1, 0, 2][i % 4]));
    expect([...(model.predict(x) as tf.Tensor).dataSync()]).toEqual(expected);
    expect([...canonicalForward(model, x).dataSync()]).toEqual(expected);
    const weight = numbers([2, 3, 2, 4], 4);
    const sums = [0, 0, 0, 0];
    weight.dataSync().forEach((g, i) => (sums[i % 4] += g));
    const variable = model.trainableWeights[0].read() as tf.Variable;
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.mul(weight, model.apply(x, { training: true }) as tf.Tensor)),
      [variable],
    );
    Object.values(grads)[0]
      .dataSync()
      .forEach((value, c) => {
        expect(value).toBeCloseTo(sums[c], 4);
      });
  });

  it('refuses an option that it does not have', () => {
    const options = { name: 'shift', bias: 3 };
    expect(() => layers.channelBias(options)).toThrow(/unknown option|bias/);
  });
});

describe('batchNorm without gamma', () => {
  const norm = (scale?: boolean) =>
    tfl.sequential({ layers: [layers.batchNorm({ scale, inputShape: [4] })] });

  it('is batch norm with gamma 1, in training and in evaluation', () => {
    const [without, full] = [norm(false), norm()];
    expect(without.weights.map((w) => w.originalName.split('/').at(-1))).toEqual([
      'beta',
      'movingMean',
      'movingVariance',
    ]);
    expect(without.layers[0].getConfig()).toMatchObject({ scale: false });
    expect(full.layers[0].getConfig()).not.toHaveProperty('scale');
    const x = numbers([6, 4]);
    const beta = tf.tensor1d([1, 2, -1, 0.5]);
    const [mean, variance] = [tf.tensor1d([0.1, 0, -0.2, 1]), tf.tensor1d([1, 0.5, 2, 0.1])];
    without.setWeights([beta, mean, variance]);
    full.setWeights([tf.ones([4]), beta, mean, variance]);
    for (const run of [
      (m: tfl.Sequential) => canonicalForward(m, x),
      (m: tfl.Sequential) => m.predict(x) as tf.Tensor,
      (m: tfl.Sequential) => m.apply(x, { training: true }) as tf.Tensor,
      // The moving statistics that the training pass left.
      (m: tfl.Sequential) => canonicalForward(m, x),
    ]) {
      expect(run(without).dataSync()).toEqual(run(full).dataSync());
    }
  });

  it('leaves no tensor behind', () => {
    const model = norm(false);
    const x = numbers([6, 4]);
    const step = () =>
      tf.tidy(() => {
        tf.grad((t) => tf.sum(tf.square(model.apply(t, { training: true }) as tf.Tensor)))(x);
      });
    step();
    const before = tf.memory().numTensors;
    step();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('doubled2d', () => {
  it.each([
    [1, 1, 1, 1],
    [2, 3, 2, 5],
    [1, 4, 1, 3],
  ])('[%i, %i, %i, %i]: each pixel four times, canonically and with its gradient', (n, h, w, c) => {
    const model = tfl.sequential({ layers: [layers.doubled2d({ inputShape: [h, w, c] })] });
    const x = numbers([n, h, w, c]);
    const expected: number[] = [];
    for (let i = 0; i < n; i++) {
      for (let y = 0; y < 2 * h; y++) {
        for (let z = 0; z < 2 * w; z++) {
          const from = ((i * h + Math.floor(y / 2)) * w + Math.floor(z / 2)) * c;
          expected.push(...x.dataSync().subarray(from, from + c));
        }
      }
    }
    const y = canonicalForward(model, x);
    expect(y.shape).toEqual([n, 2 * h, 2 * w, c]);
    expect([...y.dataSync()]).toEqual(expected);
    const gradient = tf.grad((t) => tf.sum(model.apply(t) as tf.Tensor))(x);
    expect([...gradient.dataSync()]).toEqual(Array(n * h * w * c).fill(4));
  });

  it('refuses what is no picture', () => {
    expect(() => tfl.sequential({ layers: [layers.doubled2d({ inputShape: [3, 4] })] })).toThrow(
      InputError,
    );
  });
});
