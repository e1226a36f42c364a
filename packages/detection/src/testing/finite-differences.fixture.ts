/** Helpers of this room's tests: slopes by central differences and comparisons of arrays. */
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

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
export function expectClose(actual: tf.Tensor, expected: readonly number[], bound = 1e-5): void {
  const numbers = [...actual.dataSync()];
  expect(numbers).toHaveLength(expected.length);
  numbers.forEach((v, i) => {
    if (!(Math.abs(v - expected[i]) <= bound)) {
      expect.fail(`entry ${i} is ${v}, expected ${expected[i]}`);
    }
  });
}

/** Numbers in [-1, 1) that repeat, of 32 bits. */
export function drawn(count: number, seed: number): number[] {
  let state = seed * 2654435761;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround(state / 2 ** 31 - 1);
  });
}

/** A stream of numbers in [0, 1) for samplers. */
export function stream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Runs f and expects as many tensors afterwards as before, but for `kept`. */
export function expectNoLeak(f: () => void, kept = 0): void {
  const before = tf.memory().numTensors;
  f();
  expect(tf.memory().numTensors).toBe(before + kept);
}
