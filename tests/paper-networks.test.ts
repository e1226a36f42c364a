/** The networks from the papers train on every backend with the same gradients, and ship with the same bits. */
import * as tf from '@tensorflow/tfjs-core';
import { convertModel } from '@surge-bnn/converter';
import {
  attachCompensator,
  BatchNorm,
  binaryLayers,
  leafLayers,
  ops,
  surge,
} from '@surge-bnn/core';
import { buildModel } from '@surge-bnn/models';
import { describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';

const arms = ['resnet-20', 'vgg-small'].flatMap((network) =>
  ['full', 'binary', 'surge'].map((arm) => [network, arm] as const),
);

/** Gradients of the loss at every weight after one step, by name. */
function gradients(network: string, arm: string): Map<string, Float32Array> {
  const precision = arm === 'full' ? 'full' : 'binary';
  const model = buildModel(
    { network, options: { width: 4, precision } },
    { inputBinarizer: 'ste', weightBinarizer: 'ste', seed: 3, inputShape: [8, 8, 3], classes: 10 },
  );
  if (arm === 'surge') attachCompensator(model, surge({ eta: 0.3 }), { seed: 2 });
  const numbers = (count: number) =>
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * i));
  // A sum that equals its batch's mean would stand at a sign as 0, give or take a rounding; no beta is 0 now.
  for (const layer of leafLayers(model)) {
    if (!(layer instanceof BatchNorm)) continue;
    const [gamma, , ...moving] = layer.getWeights();
    const beta = tf.tensor1d(numbers(gamma.size).map((v) => 0.3 + v / 9));
    layer.setWeights([gamma, beta, ...moving]);
  }
  const x = tf.tensor(numbers(3 * 8 * 8 * 3), [3, 8, 8, 3]);
  const labels = tf.cast(tf.oneHot(tf.tensor1d([1, 2, 3], 'int32'), 10), 'float32');
  const variables = model.trainableWeights.map((w) => w.read() as tf.Variable);
  const { grads } = tf.variableGrads(
    () =>
      tf.mean<tf.Scalar>(
        ops.softmaxCrossEntropy(model.apply(x, { training: true }) as tf.Tensor, labels),
      ),
    variables,
  );
  const result = model.trainableWeights.map(
    (w, i) => [w.name, grads[variables[i].name].dataSync<'float32'>().slice()] as const,
  );
  model.dispose();
  return new Map(result);
}

describe.each(arms)('%s, %s', (network, arm) => {
  it('trains on every backend, with the same finite gradients', async () => {
    await use('cpu');
    const expected = gradients(network, arm);
    for (const values of expected.values()) expect(values.every(Number.isFinite)).toBe(true);
    // Where no gradient comes through nothing is compared: all weights but some biases of dead channels have one.
    const alive = [...expected.values()].filter((values) => values.some((v) => v !== 0));
    expect(alive.length).toBe(expected.size);
    for (const backend of backends.filter((b) => b !== 'cpu')) {
      await use(backend);
      const found = gradients(network, arm);
      expect([...found.keys()].length).toBe(expected.size);
      for (const [i, values] of [...found.values()].entries()) {
        const [name, wanted] = [...expected][i];
        const size = Math.hypot(...wanted);
        const difference = Math.hypot(...wanted.map((v, k) => v - values[k]));
        expect(difference / size, `${name} on ${backend}`).toBeLessThan(1e-4);
      }
    }
  });
});

describe('converted', () => {
  /** A narrow network after a few steps on noise: its statistics, slopes and signs are no longer those of the start. */
  async function trained(network: string, options: Record<string, unknown>, size: number) {
    await use('surge-wasm');
    const model = buildModel(
      { network, options: { momentum: 0.5, ...options } },
      {
        inputBinarizer: 'ste',
        weightBinarizer: 'ste',
        seed: 3,
        inputShape: [size, size, 3],
        classes: 10,
      },
    );
    model.compile({ optimizer: tf.train.adam(0.01), loss: tf.losses.softmaxCrossEntropy });
    const x = tf.randomNormal([32, size, size, 3], 0, 1, 'float32', 5);
    const labels = tf.oneHot(
      tf.tensor1d(
        Array.from({ length: 32 }, (_, i) => i % 10),
        'int32',
      ),
      10,
    );
    await model.fit(x, labels, { epochs: 2, batchSize: 8, shuffle: false, verbose: 0 });
    return { model, proof: { inputs: [x], inputsAre: 'noise' } };
  }

  it.each([
    ['resnet-20', { width: 4 }, 12],
    ['resnet-20', { width: 6, activation: 'none', padValue: 1 }, 9],
    ['resnet-20', { width: 4, precision: 'full' }, 8],
    ['vgg-small', { width: 8 }, 16],
    ['vgg-small', { width: 4, activation: 'none', padValue: -1 }, 8],
    ['vgg-small', { width: 4, precision: 'full' }, 8],
  ])('%s with %j agrees bit for bit, every binary layer packed', async (network, options, size) => {
    const { model, proof } = await trained(network, options, size);
    const { report } = await convertModel(model, proof);
    expect(report.agreement).toMatchObject({ inputs: 32, equalOutputs: 32, largestDifference: 0 });
    const opsOf = (name: string) =>
      report.layers.filter((l) => l.layer === name).flatMap((l) => l.nodes.map(({ op }) => op));
    for (const layer of binaryLayers(model)) expect(opsOf(layer.name)).toContain('binaryConv2d');
    if (network === 'resnet-20') {
      expect(opsOf('layer2.0.shortcut.pad')).toEqual(['clip', 'conv2d', 'concat']);
    } else if (!('precision' in options)) {
      // Batch norm, hardtanh and sign between two binary layers are one threshold, and the pools work on bits.
      for (const i of [1, 2, 3, 4]) expect(opsOf(`bn${i}`)).toEqual(['threshold']);
      const pool = report.layers.find((l) => l.layer === 'pool3')?.nodes[0];
      expect(pool).toMatchObject({ op: 'maxPool2d', output: { type: 'bits' } });
    }
    model.dispose();
  });
});
