/** hardTanh of one tensor and of a sum, composed from plain ops (cpu); tests/ runs it on every backend. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { hardTanh } from './hard-tanh.js';

beforeAll(() => tf.setBackend('cpu'));

const a = [-3, -1, -0.25, 0, 0.5, 1, 1.5, 0.75];
const b = [1, 0, 0.25, -0, 0.25, 0, -1, 0.75];
const sums = [-2, -1, 0, 0, 0.75, 1, 0.5, 1.5];
const dy = [1, 2, 3, 4, 5, 6, 7, 8];

describe('hardTanh', () => {
  it('clips one tensor, or the sum of two, and keeps a NaN', () => {
    expect([...hardTanh(tf.tensor1d(a)).dataSync()]).toEqual([-1, -1, -0.25, 0, 0.5, 1, 1, 0.75]);
    const y = hardTanh(tf.tensor1d(a), tf.tensor1d(b));
    expect([...y.dataSync()]).toEqual(sums.map((s) => (s > 1 ? 1 : s < -1 ? -1 : s)));
    expect(hardTanh(tf.scalar(NaN), tf.scalar(1)).dataSync()[0]).toBeNaN();
  });

  it('hands the same gradient to both, none where the result stands at a bound', () => {
    const expected = dy.map((v, i) => (Math.abs(sums[i]) < 1 ? v : 0));
    const gradients = tf.grads((p, q) => hardTanh(p, q));
    const [da, db] = gradients([tf.tensor1d(a), tf.tensor1d(b)], tf.tensor1d(dy));
    expect([...da.dataSync()]).toEqual(expected);
    expect([...db.dataSync()]).toEqual(expected);
    const [one] = [tf.grad((p) => hardTanh(p))(tf.tensor1d(a), tf.tensor1d(dy))];
    expect([...one.dataSync()]).toEqual(dy.map((v, i) => (Math.abs(a[i]) < 1 ? v : 0)));
    const second = tf.grad((q) => hardTanh(tf.tensor1d(a), q))(tf.tensor1d(b), tf.tensor1d(dy));
    expect([...second.dataSync()]).toEqual(expected);
  });

  it('leaves what is not finite in dy outside', () => {
    const gradient = tf.grad((p) => hardTanh(p));
    const found = gradient(tf.tensor1d([5, -1, 0]), tf.tensor1d([NaN, Infinity, 2]));
    expect([...found.dataSync()]).toEqual([0, 0, 2]);
  });

  it('keeps one gradient when TF.js frees the other, and leaves no tensor behind', () => {
    const [x, z] = [tf.tensor1d([0.25, 0.5]), tf.tensor1d([0.5, 1])];
    const before = tf.memory().numTensors;
    // x's gradient is added to another and freed, x = x too; z's must survive both.
    const f = (p: tf.Tensor, q: tf.Tensor) =>
      tf.add(tf.mul(hardTanh(p, q), 3), tf.add(hardTanh(p, p), p));
    const [dx, dz] = tf.grads((p, q) => f(p, q))([x, z]);
    expect([...dx.dataSync()]).toEqual([3 + 2 + 1, 0 + 0 + 1]);
    expect([...dz.dataSync()]).toEqual([3, 0]);
    tf.dispose([dx, dz]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses two shapes', () => {
    expect(() => hardTanh(tf.zeros([2]), tf.zeros([2, 1]))).toThrow(InputError);
    expect(() => hardTanh(tf.zeros([2]), tf.zeros([2, 1]))).toThrow(/got \[2\] and \[2,1\]/);
  });
});
