/**
 * A thousand training steps: after the first few nothing grows, neither tensors nor live blocks nor the heap.
 */
import * as tf from '@tensorflow/tfjs-core';
// TF.js registers its gradients when this is imported; tfjs-core alone has none under Node.
import '@tensorflow/tfjs-layers';
import { SGD_STEP, type SgdStepAttrs } from '@surge-bnn/contract';
import { expect, it } from 'vitest';
import { SurgeBackend } from './backend.js';
import { engineBackends } from './cases/backends.js';
import { reals } from './cases/numbers.js';
import { backendMemory, useEngine } from './use-engine.js';

const sgd: SgdStepAttrs = { learningRate: 0.05, momentum: 0.9, nesterov: true, weightDecay: 1e-4 };

/** Where the heap ends, the providers' scratch memory included: reserving nothing tells. */
function heapEnd(): number {
  const backend = tf.backend();
  if (backend instanceof SurgeBackend) return backend.provider.heap.extend(0);
  throw new Error('the engine is not active');
}

it.each(engineBackends)('%s trains a small network without growth', async (backend) => {
  await useEngine({ backend });
  const image = reals(4 * 6 * 6 * 2, 1);
  // A tidy frees the initial values, whose data the variables then own alone.
  const variable = (make: () => tf.Tensor): tf.Variable => tf.tidy(() => tf.variable(make()));
  const filter = variable(() => tf.tensor(reals(3 * 3 * 2 * 4, 2), [3, 3, 2, 4]));
  const dense = variable(() => tf.tensor(reals(36 * 3, 3), [36, 3]));
  const parameters = [filter, dense];
  const velocities = parameters.map((p) => variable(() => tf.zeros(p.shape)));
  const classes = tf.tensor1d([0, 1, 2, 1], 'int32');

  const step = (): number => {
    const loss = tf.tidy(() => {
      const x = tf.tensor4d(image, [4, 6, 6, 2]);
      const { value, grads } = tf.variableGrads(() => {
        const hidden = tf.maxPool(
          tf.relu(tf.conv2d(x, tf.reshape(filter, [3, 3, 2, 4]), 1, 'same')),
          2,
          2,
          'valid',
        );
        const doubled = tf.concat([hidden, tf.neg(hidden)], 3);
        const [front, behind] = tf.split(doubled, 2, 3);
        const picture = tf.add(
          tf.slice(doubled, [0, 0, 0, 2], [4, 3, 3, 4]),
          tf.sub(front, behind),
        );
        const logits = tf.matMul(tf.reshape(picture, [4, 36]), dense);
        const picked = tf.mul(tf.oneHot(classes, 3), tf.logSoftmax(logits));
        return tf.neg(tf.mean<tf.Scalar>(tf.sum(picked, 1)));
      }, parameters);
      parameters.forEach((parameter, i) => {
        const inputs = { parameter, gradient: grads[parameter.name], velocity: velocities[i] };
        // The attributes of the contract are an interface, which has no index signature.
        const [next, velocity] = tf.engine().runKernel<tf.Tensor[]>(SGD_STEP, inputs, { ...sgd });
        parameter.assign(next);
        velocities[i].assign(velocity);
      });
      return value;
    });
    const value = loss.dataSync()[0];
    loss.dispose();
    return value;
  };

  const first = step();
  for (let i = 0; i < 4; i++) step();
  const tensors = tf.memory().numTensors;
  const buffers = tf.memory().numDataBuffers;
  const memory = backendMemory();
  const end = heapEnd();
  let last = NaN;
  // The reference takes a millisecond for what the others do in a tenth of it.
  const steps = backend === 'surge-reference' ? 100 : 1000;
  for (let i = 0; i < steps; i++) last = step();
  expect(last).toBeLessThan(first / 10);
  expect(tf.memory().numTensors).toBe(tensors);
  expect(tf.memory().numDataBuffers).toBe(buffers);
  expect(backendMemory()).toEqual(memory);
  expect(heapEnd()).toBe(end);
  tf.dispose([...parameters, ...velocities, classes]);
  expect(backendMemory()?.liveBlocks).toBe(0);
});
