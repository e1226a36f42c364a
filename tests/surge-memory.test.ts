/**
 * What SURGE takes beside STE: the auxiliary weights, their optimizer state, and one buffer of the largest input of a layer with a
 * compensator (g_a, between its product and the sum of the branches). Nothing of it grows with the number of layers but the weights.
 */
import * as tf from '@tensorflow/tfjs-core';
import { attachCompensator, binaryLayers, ops, surge } from '@surge-bnn/core';
import { SGD_STEP } from '@surge-bnn/contract';
import { backendMemory } from '@surge-bnn/engine';
import { buildModel } from '@surge-bnn/models';
import { describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';

const BATCH = 32;
const SIDE = 32;
const WIDTH = 16;

/** Peak bytes under the tensors and beside them, over two steps of ResNet-20 with momentum. */
function peak(withSurge: boolean): { bytes: number; auxiliaryBytes: number } {
  const model = buildModel(
    { network: 'resnet-20', options: { width: WIDTH } },
    {
      inputBinarizer: 'ste',
      weightBinarizer: 'ste',
      seed: 1,
      inputShape: [SIDE, SIDE, 3],
      classes: 10,
    },
  );
  if (withSurge) attachCompensator(model, surge({ eta: 0.1 }), { seed: 2 });
  const variables = model.trainableWeights.map((w) => w.read() as tf.Variable);
  const velocities = variables.map((v) => tf.variable(tf.zerosLike(v), false));
  const x = tf.randomNormal([BATCH, SIDE, SIDE, 3], 0, 1, 'float32', 1);
  const labels = tf.cast(tf.oneHot(tf.fill([BATCH], 3, 'int32'), 10), 'float32');
  const attrs = { learningRate: 0.01, momentum: 0.9, nesterov: false, weightDecay: 0 };
  for (let step = 0; step < 2; step++) {
    tf.tidy(() => {
      const { grads } = tf.variableGrads(() => {
        const logits = model.apply(x, { training: true }) as tf.Tensor;
        return tf.mean<tf.Scalar>(ops.softmaxCrossEntropy(logits, labels));
      }, variables);
      variables.forEach((v, i) => {
        const inputs = { parameter: v, gradient: grads[v.name], velocity: velocities[i] };
        const [next, velocity]: tf.Tensor[] = tf.engine().runKernel(SGD_STEP, inputs, attrs);
        v.assign(next);
        velocities[i].assign(velocity);
      });
    });
  }
  const auxiliaryBytes = binaryLayers(model).reduce(
    (sum, layer) => sum + 4 * layer.binaryKernel.read().size,
    0,
  );
  tf.dispose([...velocities, x, labels]);
  model.dispose();
  const memory = backendMemory();
  if (memory === undefined) throw new Error('the backend counts no memory');
  return { bytes: memory.peakBytes + memory.providerBytes, auxiliaryBytes };
}

describe.each(backends.filter((b) => b === 'surge-native'))('on %s', (backend) => {
  it('is the auxiliary weights, what trains them, and one buffer', async () => {
    await use(backend);
    const plain = peak(false).bytes;
    const { bytes, auxiliaryBytes } = peak(true);
    const largest = 4 * BATCH * SIDE * SIDE * WIDTH;
    // Weights, momentum, the gradient, and the new values of both beside the old until the step's tidy ends.
    const allowed = 5 * auxiliaryBytes + largest;
    // Blocks come in sizes that fit within a quarter; oneDNN keeps a little scratch memory of its own.
    expect(bytes - plain).toBeLessThan(1.25 * allowed);
    expect(bytes - plain).toBeGreaterThan(auxiliaryBytes);
  });
});
