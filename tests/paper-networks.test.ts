/** The networks from the papers train on every backend, and no backend's gradients differ. */
import * as tf from '@tensorflow/tfjs-core';
import { attachCompensator, BatchNorm, leafLayers, ops, surge } from '@surge-bnn/core';
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
