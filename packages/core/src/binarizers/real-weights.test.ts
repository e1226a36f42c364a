import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { binaryConv2d } from '../ops/binary-conv2d.js';
import { resolveMethod } from './registry.js';

it("ReActNet's first stage multiplies signs by W itself, and W gets the gradient as it comes", async () => {
  await tf.setBackend('cpu');
  const { weight } = resolveMethod({ name: 'reactnet', weights: 'real' });
  const x = tf.tensor4d([0.5, -2, 3, -0.25], [1, 2, 2, 1]);
  const g = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
  const w = tf.tensor4d([-1.5], [1, 1, 1, 1]);
  const f = (k: tf.Tensor) =>
    tf.sum(tf.mul(binaryConv2d(x, k, { inputBinarizer: 'ste', weightBinarizer: weight }), g));
  // Signs of x: +, -, +, -.
  expect(f(w).dataSync()[0]).toBeCloseTo(-1.5 * (1 - 2 + 3 - 4), 6);
  expect(tf.grad(f)(w).dataSync()[0]).toBeCloseTo(1 - 2 + 3 - 4, 6);
  expect(() => resolveMethod({ name: 'reactnet', weights: 'float' })).toThrow("'binary' or 'real'");
});
