/** The layers that networks with shortcuts are made of: padChannels, hardTanh of two tensors, conv2d. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalForward } from '../evaluation/canonical-forward.js';
import { padChannels } from '../ops/pad-channels.js';
import type { Conv2DOptions } from './conv2d.js';
import * as layers from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const numbers = (shape: number[], seed = 0): tf.Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => 2 * Math.sin(i * i + seed)),
    shape,
  );
};

describe('padChannels', () => {
  it.each([
    [[2, 3, 3, 4], 2, 2],
    [[2, 3], 0, 5],
    [[4], 3, 0],
    [[1, 2, 3], 0, 0],
  ])(
    'puts the numbers of %j between %i and %i zeros, and takes their gradient back',
    (shape, before, after) => {
      const channels = shape[shape.length - 1];
      const padded = [...shape.slice(0, -1), before + channels + after];
      const x = numbers(shape);
      const dy = numbers(padded, 1);
      const y = padChannels(x, before, after);
      expect(y.shape).toEqual(padded);
      const [from, to] = [x.dataSync(), y.dataSync()];
      const expected = Array.from({ length: x.size / channels }, (_, row) => [
        ...Array<number>(before).fill(0),
        ...from.slice(row * channels, (row + 1) * channels),
        ...Array<number>(after).fill(0),
      ]).flat();
      expect([...to]).toEqual(expected);
      const dx = tf.grad((t) => padChannels(t, before, after))(x, dy);
      expect(dx.shape).toEqual(shape);
      const back = [...dy.dataSync()].filter((_, i) => {
        const c = i % (before + channels + after);
        return c >= before && c < before + channels;
      });
      expect([...dx.dataSync()]).toEqual(back);
    },
  );

  it('carries -0, infinities and NaN through, both ways', () => {
    const y = padChannels(tf.tensor1d([-0, Infinity, NaN]), 1, 1);
    expect([...y.dataSync()]).toEqual([0, -0, Infinity, NaN, 0]);
    const dy = tf.tensor1d([NaN, -0, Infinity, NaN, -Infinity]);
    const dx = tf.grad((t) => padChannels(t, 1, 1))(tf.zeros([3]), dy);
    expect([...dx.dataSync()]).toEqual([-0, Infinity, NaN]);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      tf.grad((t) => padChannels(t, 1, 2))(numbers([2, 2]));
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('as a layer knows its shape and its config, and refuses counts that are none', () => {
    const layer = layers.padChannels({ before: 1, after: 2, inputShape: [3, 3, 2] });
    const model = tfl.sequential({ layers: [layer] });
    expect(model.outputs[0].shape).toEqual([null, 3, 3, 5]);
    expect(layer.getConfig()).toMatchObject({ before: 1, after: 2 });
    expect(() => layers.padChannels({ before: -1 })).toThrow(InputError);
    expect(() => padChannels(tf.zeros([1]), 0.5, 0)).toThrow(InputError);
  });
});

describe('hardTanh of two tensors', () => {
  it('is hardTanh of their sum, in a model too, and canonically', () => {
    const [a, b] = [tfl.input({ shape: [5] }), tfl.input({ shape: [5] })];
    const layer = layers.hardTanh();
    const model = tfl.model({
      inputs: [a, b],
      outputs: layer.apply([a, b]) as tfl.SymbolicTensor,
    });
    expect(model.outputs[0].shape).toEqual([null, 5]);
    const [x, y] = [numbers([3, 5]), numbers([3, 5], 7)];
    const found = (model.predict([x, y]) as tf.Tensor).dataSync();
    const expected = x
      .dataSync()
      .map((v, i) => Math.min(1, Math.max(-1, Math.fround(v + y.dataSync()[i]))));
    expect([...found]).toEqual([...expected]);
  });

  it('refuses other shapes, and three tensors', () => {
    const input = (n: number) => tfl.input({ shape: [n] });
    for (const inputs of [
      [input(2), input(3)],
      [input(2), input(2), input(2)],
    ]) {
      const make = () => layers.hardTanh({ name: 'h' }).apply(inputs);
      expect(make).toThrow(InputError);
      expect(make).toThrow(
        /layer "h": hardTanh takes one tensor or two of one shape, got \[null,2\]/,
      );
    }
  });
});

describe('conv2d', () => {
  /** What PyTorch's Conv2d computes, from its definition. */
  function direct(x: number[][][], kernel: number[][][][], stride: number, pad: number) {
    const [kh, kw, out] = [kernel.length, kernel[0].length, kernel[0][0][0].length];
    const size = (n: number, k: number) => Math.floor((n + 2 * pad - k) / stride) + 1;
    return Array.from({ length: size(x.length, kh) }, (_, i) =>
      Array.from({ length: size(x[0].length, kw) }, (_, j) =>
        Array.from({ length: out }, (_, o) => {
          let sum = 0;
          for (let ky = 0; ky < kh; ky++) {
            for (let kx = 0; kx < kw; kx++) {
              const pixel = x[i * stride + ky - pad]?.[j * stride + kx - pad];
              pixel?.forEach((v, c) => (sum += v * kernel[ky][kx][c][o]));
            }
          }
          return sum;
        }),
      ),
    );
  }

  it.each([
    [8, 2, 1, 3],
    [7, 2, 1, 3],
    [6, 1, 1, 3],
    [7, 3, 2, 3],
    [14, 2, 3, 7],
    [9, 1, 1, [3, 2] as [number, number]],
  ])(
    'pads %i rows at stride %i with %i on all sides, as PyTorch does, window %j',
    (size, strides, padding, kernelSize) => {
      const layer = layers.conv2d({
        filters: 4,
        kernelSize,
        strides,
        padding,
        seed: 5,
        inputShape: [size, size, 2],
      });
      const model = tfl.sequential({ layers: [layer] });
      const x = numbers([1, size, size, 2]);
      const [picture] = x.arraySync() as number[][][][];
      const kernel = layer.getWeights()[0].arraySync() as number[][][][];
      const expected = tf.tensor(direct(picture, kernel, strides, padding));
      const y = model.predict(x) as tf.Tensor;
      expect(y.shape).toEqual([1, ...expected.shape]);
      expect(model.outputs[0].shape.slice(1)).toEqual(expected.shape);
      for (const found of [y, canonicalForward(model, x)]) {
        const difference = tf.max(tf.abs(tf.sub(found, expected))).dataSync()[0];
        expect(difference).toBeLessThan(1e-5);
      }
      const sum = (k: tf.Tensor4D) =>
        tf.sum(tf.conv2d(tf.pad(x as tf.Tensor4D, pads(padding)), k, strides, 'valid'));
      const weight = layer.weights[0].read() as tf.Variable;
      const { grads } = tf.variableGrads(
        () => tf.sum<tf.Scalar>(model.apply(x, { training: true }) as tf.Tensor),
        [weight],
      );
      const wanted = tf.grad((k) => sum(k as tf.Tensor4D))(layer.getWeights()[0]);
      const gap = tf.max(tf.abs(tf.sub(wanted, grads[weight.name]))).dataSync()[0];
      expect(gap).toBeLessThan(1e-5);
    },
  );

  it('is TF\'s "same" when nothing is said, takes its seed, and comes back from its config', () => {
    const options = { filters: 3, kernelSize: [3, 1] as [number, number], strides: 2, seed: 4 };
    const inputShape = [5, 6, 2];
    const layer = layers.conv2d({ ...options, inputShape });
    const model = tfl.sequential({ layers: [layer] });
    const x = numbers([2, 5, 6, 2]) as tf.Tensor4D;
    const kernel = layer.getWeights()[0] as tf.Tensor4D;
    const expected = tf.conv2d(x, kernel, 2, 'same');
    expect((model.predict(x) as tf.Tensor).dataSync()).toEqual(expected.dataSync());
    expect(layer.getConfig()).toMatchObject(options);
    const again = layers.conv2d({ ...options, inputShape });
    tfl.sequential({ layers: [again] });
    expect(again.getWeights()[0].dataSync()).toEqual(kernel.dataSync());
  });

  it.each([
    [{ filters: 0, kernelSize: 3 }, /filters and kernelSize must be whole numbers > 0/],
    [{ filters: 1, kernelSize: 3, stride: 2 }, /did you mean "strides"/],
    [{ filters: 1, kernelSize: 3, padding: 0.5, inputShape: [4, 4, 1] }, /padding must be/],
    [{ filters: 1, kernelSize: 9, padding: 'valid', inputShape: [4, 4, 1] }, /does not fit/],
    [{ filters: 1, kernelSize: 3, inputShape: [4, 4] }, /must have shape \[batch, height/],
  ])('refuses %j', (options, message) => {
    const make = () => tfl.sequential({ layers: [layers.conv2d(options as Conv2DOptions)] });
    expect(make).toThrow(InputError);
    expect(make).toThrow(message);
  });
});

function pads(n: number): [number, number][] {
  return [
    [0, 0],
    [n, n],
    [n, n],
    [0, 0],
  ];
}
