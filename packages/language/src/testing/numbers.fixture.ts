/** Helpers of this room's tests: numbers that repeat, slopes by central differences, comparisons. */
import * as tf from '@tensorflow/tfjs-core';
import type { Model } from '@surge-bnn/core';
import { expect } from 'vitest';

/** Numbers in [-1, 1) that repeat, each a float32. */
export function drawn(count: number, seed: number): number[] {
  let state = Math.imul(seed + 1, 2654435761);
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround(state / 2 ** 31 - 1);
  });
}

/** Derivative of f at each entry of `at`. */
export function slopes(
  f: (moved: number[]) => number,
  at: readonly number[],
  step = 1e-5,
): number[] {
  return at.map((_, i) => {
    const moved = (by: number) => f(at.map((v, j) => (j === i ? v + by : v)));
    return (moved(step) - moved(-step)) / (2 * step);
  });
}

/** Each entry within `bound`. */
export function expectClose(
  actual: tf.Tensor,
  expected: readonly number[],
  bound = 1e-5,
  what = '',
): void {
  const numbers = actual.dataSync();
  expect(numbers, what).toHaveLength(expected.length);
  expected.forEach((v, i) => {
    if (!(Math.abs(numbers[i] - v) <= bound)) {
      expect.fail(`${what} entry ${i} is ${numbers[i]}, expected ${v}`);
    }
  });
}

/** Runs f and expects as many tensors afterwards as before. */
export function expectNoLeak(f: () => void): void {
  const before = tf.memory().numTensors;
  f();
  expect(tf.memory().numTensors).toBe(before);
}

/** Gives every weight of the model numbers of its own: those that are a factor lie about 1, all others about 0. */
export function randomize(model: Model, seed: number, size = 0.3): void {
  model.weights.forEach((w, i) => {
    const shape = w.shape.map(Number);
    const isFactor = /gamma|[sS]cale$/.test(w.originalName);
    const values = drawn(tf.util.sizeFromShape(shape), seed + i);
    const t = tf.tensor(
      values.map((v) => (isFactor ? 1 : 0) + size * v),
      shape,
    );
    w.write(t);
    t.dispose();
  });
}
