import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { attachCompensator, surge, startInputs } from '@surge-bnn/core';
import { expect, it } from 'vitest';
import { bert, textInputs } from './bert.js';
it.each(['none','bibert','bit'] as const)('runs %s', (method) => {
  const net = bert({ layers: 2, width: 8, heads: 2, ffn: 16, vocabulary: 11, positions: 7, activation: 'relu', method }, { head: { kind: 'classifier', labels: 3 } });
  if (method !== 'none') attachCompensator(net.model, surge({ eta: 0.1 }));
  const inputs = textInputs({ ids: Int32Array.from([1,2,3,4,5,0]), types: new Int32Array(6), mask: Int32Array.from([1,1,1,1,1,0]), count: 2, length: 3 });
  console.log(startInputs(net.model, () => net.model.apply(inputs) as tf.Tensor));
  const y = net.model.apply(inputs) as tf.Tensor;
  expect(y.shape).toEqual([2, 3]);
  const { grads } = tf.variableGrads(() => tf.sum(tf.square(net.model.apply(inputs, { training: true }) as tf.Tensor)));
  console.log(Object.keys(grads).length, net.model.trainableWeights.length, net.model.weights.map(w => w.name + ' ' + w.originalName).slice(0, 40));
  y.print();
  const masked = bert({ layers: 1, width: 8, heads: 2, ffn: 16, vocabulary: 11, positions: 7 }, { head: { kind: 'masked' } });
  const m = textInputs({ ids: Int32Array.from([1,2,3,4,5,0]), types: new Int32Array(6), mask: Int32Array.from([1,1,1,1,1,0]), count: 2, length: 3, positions: Int32Array.from([1, 4]) });
  expect((masked.model.apply(m) as tf.Tensor).shape).toEqual([2, 1, 11]);
});
