/** PReLU's gradient against TF.js's own, which composes it. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
// TF.js registers its gradients when this is imported.
import '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { prelu } from './prelu.js';

beforeAll(() => tf.setBackend('cpu'));

const x = [-2, 0.5, 0, 1, -0.25, -0, 3, -1, 2, -4, 0.125, -3];
const dy = [1, -2, 3, 0.5, -1, 2, 1, 0.25, -3, 2, 1, -0.5];

describe('prelu', () => {
  it.each([
    [[4, 3], [3]],
    [[2, 2, 3], [3]],
    [
      [2, 2, 3],
      [1, 1, 3],
    ],
    [[4, 3], [1]],
    [[4, 3], []],
    [[12], [12]],
  ])('of x %j with alpha %j is TF.js’s, gradients included', (shape, alphaShape) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const size = alphaShape.reduce((a, b) => a * b, 1);
      const alpha = tf.tensor(
        Array.from({ length: size }, (_, i) => 0.5 - 0.75 * i),
        alphaShape,
      );
      const inputs = [tf.tensor(x, shape), alpha];
      const of = (f: (a: Tensor, b: Tensor) => Tensor) =>
        [f(inputs[0], inputs[1]), ...tf.grads(f)(inputs, tf.tensor(dy, shape))] as const;
      const expected = of((a, b) => tf.prelu(a, b));
      of(prelu).forEach((actual, i) => {
        expect(actual.shape).toEqual(expected[i].shape);
        // + 0 makes one number of the two zeros.
        const numbers = (t: Tensor) => t.dataSync().map((v) => v + 0);
        expect(numbers(actual)).toEqual(numbers(expected[i]));
      });
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    [[4, 3], [4]],
    [
      [4, 3],
      [4, 3],
    ],
    [[3], [1, 3]],
  ])('of x %j refuses alpha %j', (shape, alphaShape) => {
    const attempt = () => prelu(tf.zeros(shape), tf.zeros(alphaShape));
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(
      `prelu: alpha must be one number or one per channel of x [${shape}], got [${alphaShape}]`,
    );
  });
});
