/** BiT's scales from a first batch: 2 mean |x + s| of a signed set, 4 mean |x + s| of an unsigned one, layer after layer. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import * as layers from '../layers/index.js';
import { startInputs } from './start-inputs.js';

beforeAll(() => tf.setBackend('cpu'));

const x = [
  [0.5, -1.5, 2],
  [-0.25, 0.75, 1],
];
const kernel = [
  [0.5, -1],
  [1.5, 0.25],
  [-0.5, 1],
];

function network() {
  const model = tfl.sequential({
    layers: [
      layers.binaryDense({
        name: 'first',
        units: 2,
        inputBinarizer: 'bit',
        weightBinarizer: 'bit',
        inputShape: [3],
      }),
      tfl.layers.reLU(),
      layers.binaryDense({
        name: 'second',
        units: 1,
        inputBinarizer: { name: 'bit', set: 'unsigned' },
        weightBinarizer: 'bit',
      }),
      layers.binaryDense({ name: 'plain', units: 1 }),
    ],
  });
  // kernel, scale and shift of the first.
  const [, , , ...rest] = model.getWeights();
  model.setWeights([tf.tensor2d(kernel), tf.tensor1d([1]), tf.tensor1d([0.5, 0, -0.5]), ...rest]);
  return model;
}

const scale = (model: tfl.LayersModel, name: string) =>
  model
    .getLayer(name)
    .weights.find((w) => w.originalName.endsWith('inputScale'))
    ?.read()
    .dataSync()[0];

it('sets the scales in the order of the layers, once, and leaves no tensor behind', () => {
  const moved = x.map(([a, b, c]) => [a + 0.5, b, c - 0.5]);
  const first = (2 * moved.flat().reduce((sum, v) => sum + Math.abs(v), 0)) / 6;
  // a sign(x + s) times mean |W| sign(W - mean W).
  const mean = kernel.flat().reduce((a, b) => a + b) / 6;
  const size = kernel.flat().reduce((a, b) => a + Math.abs(b), 0) / 6;
  const hidden = moved.map((row) =>
    [0, 1].map((o) =>
      row.reduce(
        (sum, v, i) => sum + first * (v < 0 ? -1 : 1) * size * (kernel[i][o] < mean ? -1 : 1),
        0,
      ),
    ),
  );
  const second = hidden.flat().reduce((sum, v) => sum + Math.max(0, v), 0);

  const model = network();
  const batch = tf.tensor2d(x);
  const before = tf.memory().numTensors;
  expect(startInputs(model, () => model.apply(batch) as tf.Tensor)).toEqual(['first', 'second']);
  expect(tf.memory().numTensors).toBe(before);
  expect(scale(model, 'first')).toBeCloseTo(first, 5);
  expect(scale(model, 'second')).toBeCloseTo(second, 5);
  tf.tidy(() => model.apply(tf.mul(batch, 7)) as tf.Tensor);
  expect(scale(model, 'first')).toBeCloseTo(first, 5);
  model.dispose();
});

it('divides those of 2 bits by the root of the highest level', () => {
  const dense = (name: string, set: 'signed' | 'unsigned') =>
    layers.binaryDense({
      name,
      units: 3,
      inputBinarizer: { name: 'bit', set, bits: 2, shift: false },
      weightBinarizer: 'bit',
      inputShape: [3],
    });
  const mean = x.flat().reduce((sum, v) => sum + Math.abs(v), 0) / 6;
  for (const [set, expected] of [
    ['signed', 2 * mean],
    ['unsigned', (4 * mean) / Math.sqrt(3)],
  ] as const) {
    const model = tfl.sequential({ layers: [dense('two', set)] });
    startInputs(model, () => model.apply(tf.tensor2d(x)) as tf.Tensor);
    expect(scale(model, 'two')).toBeCloseTo(expected, 5);
    model.dispose();
  }
});

it('runs nothing for a network without such scales', () => {
  const model = tfl.sequential({ layers: [layers.binaryDense({ units: 2, inputShape: [3] })] });
  const unwanted = () => {
    throw new Error('ran');
  };
  expect(startInputs(model, unwanted)).toEqual([]);
});
