/** A training step in its steady state makes no new tensor, no new buffer and no growing heap. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { attachCompensator, binaryLayers, ops, surge } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { SGD_STEP } from '@surge-bnn/contract';
import { backendMemory } from '@surge-bnn/engine';
import { buildModel } from '@surge-bnn/models';
import { beforeAll, describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of JavaScript objects that somebody still holds. */
function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** One step of SGD with momentum through the engine's kernel, without the train package. */
function stepper(model: Model) {
  const [, ...picture] = model.inputs[0].shape.map(Number);
  const variables = model.trainableWeights.map((w) => w.read() as tf.Variable);
  const velocities = variables.map((v) => tf.variable(tf.zerosLike(v), false));
  const x = tf.randomNormal([4, ...picture], 0, 1, 'float32', 1);
  const labels = tf.cast(tf.oneHot(tf.tensor1d([1, 2, 3, 4], 'int32'), 10), 'float32');
  const attrs = { learningRate: 0.01, momentum: 0.9, nesterov: false, weightDecay: 0 };
  return () =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => {
        const logits = model.apply(x, { training: true }) as tf.Tensor;
        return tf.mean<tf.Scalar>(ops.softmaxCrossEntropy(logits, labels));
      }, variables);
      variables.forEach((v, i) => {
        const inputs = { parameter: v, gradient: grads[v.name], velocity: velocities[i] };
        const [next, velocity]: tf.Tensor[] = tf.engine().runKernel(SGD_STEP, inputs, attrs);
        v.assign(next);
        velocities[i].assign(velocity);
      });
      return value.dataSync()[0];
    });
}

describe.each(backends.filter((b) => b !== 'cpu'))('on %s', (backend) => {
  beforeAll(() => use(backend));

  const networks: [string, number, number, [number, number, number]][] = [
    ['digits-cnn', backend === 'surge-reference' ? 100 : 1000, 3, [12, 12, 1]],
    ['resnet-20', 100, 2, [8, 8, 3]],
  ];
  it.each(networks)(
    'trains %s %i steps with SURGE without growing',
    (network, steps, width, inputShape) => {
      const model = buildModel(
        { network, options: { width } },
        { inputBinarizer: 'ste', weightBinarizer: 'ste', seed: 1, inputShape, classes: 10 },
      );
      attachCompensator(model, surge({ eta: 0.2 }), { seed: 1 });
      let backwards = 0;
      for (const layer of binaryLayers(model)) layer.onStatistics = () => backwards++;
      const step = stepper(model);
      const losses = Array.from({ length: 5 }, step);
      const [tensors, buffers] = [tf.memory().numTensors, backendMemory()];
      const held = heldBytes();
      for (let i = 0; i < steps; i++) losses.push(step());
      expect(tf.memory().numTensors).toBe(tensors);
      expect(backendMemory()).toMatchObject({
        freshExtensions: buffers?.freshExtensions,
        liveBlocks: buffers?.liveBlocks,
        liveBytes: buffers?.liveBytes,
      });
      // What the engines compile and remember on the way is allowed for; a closure a step that stays would be above it.
      expect(heldBytes() - held).toBeLessThan(4e6);
      expect(backwards).toBe(binaryLayers(model).length * (steps + 5));
      expect(losses[losses.length - 1]).toBeLessThan(losses[0]);
      model.dispose();
    },
  );
});
