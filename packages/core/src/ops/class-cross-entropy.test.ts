/** Cross-entropy with one class a row against its formula in float64 and finite differences of it. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { classCrossEntropy } from './class-cross-entropy.js';

beforeAll(() => tf.setBackend('cpu'));

const logits = [1, -2, 0.5, 3, 90, 88, -90, 0, 0.1, 0.2, -0.3, 0.4];
const classes = [3, 1, 0];
const lossOf = (z: readonly number[], row: number): number => {
  const own = z.slice(4 * row, 4 * row + 4);
  return (
    Math.log(own.reduce((sum, v) => sum + Math.exp(v - own[0]), 0)) + own[0] - own[classes[row]]
  );
};
const ids = () => tf.tensor1d(classes, 'int32');

describe('classCrossEntropy', () => {
  it('is -log softmax at the class', () => {
    const loss = classCrossEntropy(tf.tensor2d(logits, [3, 4]), ids()).dataSync();
    classes.forEach((_, row) => expect(loss[row]).toBeCloseTo(lossOf(logits, row), 5));
  });

  it('has the gradient that finite differences have, row by row with its own factor', () => {
    const dy = [0.5, -1, 2];
    const gradient = tf.grad((z: tf.Tensor) => classCrossEntropy(z, ids()));
    const dz = gradient(tf.tensor2d(logits, [3, 4]), tf.tensor1d(dy)).dataSync();
    logits.forEach((_, i) => {
      const row = Math.floor(i / 4);
      const moved = (by: number) => lossOf(logits.with(i, logits[i] + by), row);
      expect(dz[i]).toBeCloseTo((dy[row] * (moved(1e-5) - moved(-1e-5))) / 2e-5, 4);
    });
  });

  it('leaves no tensors behind', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const gradient = tf.grad((z: tf.Tensor) => classCrossEntropy(z, ids()));
      gradient(tf.tensor2d(logits, [3, 4]));
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    ['float classes', () => tf.tensor1d([0, 1, 2])],
    ['too few classes', () => tf.tensor1d([0, 1], 'int32')],
  ])('refuses %s', (_, wrong) => {
    const attempt = () => classCrossEntropy(tf.tensor2d(logits, [3, 4]), wrong());
    expect(attempt).toThrow('classCrossEntropy: logits must be [rows, classes] and classes int32');
  });

  it.each([
    [4, 'classCrossEntropy: the class 4 is not in [0, 3]'],
    [-1, 'classCrossEntropy: the class -1 is not in [0, 3]'],
  ])('refuses the class %i of four', (wrong, message) => {
    const outside = tf.tensor1d([0, wrong, 3], 'int32');
    const attempt = () => classCrossEntropy(tf.tensor2d(logits, [3, 4]), outside);
    expect(attempt).toThrow(new InputError(message));
  });
});
