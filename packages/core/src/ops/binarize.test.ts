/** ops.binarize: values and gradients of the sets against their formulas, with the window where entries lie on either side of it. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { binarize } from './binarize.js';

beforeAll(() => tf.setBackend('cpu'));

const x = [-1.7, -0.9, -0.2, 0, 0.3, 0.44, 0.46, 0.8, 1.9];
const dy = [1, -2, 0.5, 3, -1, 2, -0.25, 0.75, 1.5];
const a = 0.9;

interface Case {
  readonly bits: 1 | 2;
  readonly set: 'signed' | 'unsigned';
  readonly value: (q: number) => number;
  readonly inside: (q: number) => boolean;
  /** What dy is multiplied with for the scale's gradient, before the division by the root of N and the highest level. */
  readonly h: (q: number) => number;
  readonly highest: number;
}

const bit = (q: number) => (q >= 0.5 ? 1 : 0);
/** Halves go up; the entries above are no halves of the scale. */
const levels = (low: number, high: number) => {
  const level = (q: number) => Math.max(low, Math.min(high, Math.floor(q + 0.5)));
  const inside = (q: number) => q >= low && q <= high;
  const h = (q: number) => (inside(q) ? level(q) - q : level(q));
  return { value: (q: number) => a * level(q), inside, h, highest: high };
};
const cases: Case[] = [
  { bits: 2, set: 'signed', ...levels(-2, 1) },
  { bits: 2, set: 'unsigned', ...levels(0, 3) },
  {
    bits: 1,
    highest: 1,
    set: 'signed',
    value: (q) => (q < 0 ? -a : a),
    inside: (q) => Math.abs(q) <= 1,
    h: (q) => (q < 0 ? -1 : 1),
  },
  {
    bits: 1,
    highest: 1,
    set: 'unsigned',
    value: (q) => a * bit(q),
    inside: (q) => q >= 0 && q <= 1,
    h: (q) => (q < 0 ? 0 : q > 1 ? 1 : bit(q) - q),
  },
];

describe.each(cases)('BiT, $set, $bits bit', ({ bits, set, value, inside, h, highest }) => {
  const binarizer = { name: 'bit', set, shift: false, bits } as const;
  const q = x.map((v) => v / a);

  it('has the published values and gradients', () => {
    tf.tidy(() => {
      const f = (t: tf.Tensor, scale: tf.Tensor) => binarize(t, { binarizer, parameters: [scale] });
      const inputs = [tf.tensor2d(x, [3, 3]), tf.tensor1d([a])];
      const [dx, da] = tf.grads(f)(inputs, tf.tensor2d(dy, [3, 3]));
      const y = f(inputs[0], inputs[1]).dataSync();
      const slopes = dx.dataSync();
      q.forEach((one, i) => {
        expect(y[i]).toBeCloseTo(value(one), 6);
        expect(slopes[i], `at ${x[i]}`).toBeCloseTo(inside(one) ? dy[i] : 0, 5);
      });
      const sum = q.reduce((total, one, i) => total + dy[i] * h(one), 0);
      expect(da.dataSync()[0]).toBeCloseTo(sum / Math.sqrt(x.length * highest), 5);
    });
  });

  it('has a border belong to what is above it', () => {
    const borders = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5];
    const y = binarize(tf.tensor1d(borders), { binarizer, parameters: [tf.tensor1d([1])] });
    const [low, high] = set === 'signed' ? [-2, 1] : [0, 3];
    const expected = borders.map((q) => {
      if (bits === 2) return Math.max(low, Math.min(high, Math.ceil(q)));
      return set === 'signed' ? (q < 0 ? -1 : 1) : bit(q);
    });
    expect([...y.dataSync()].map((v) => v + 0)).toEqual(expected.map((v) => v + 0));
  });

  it('takes a scale below 1e-5 for 1e-5', () => {
    const y = binarize(tf.tensor1d([3]), { binarizer, parameters: [tf.tensor1d([-2])] });
    expect(y.dataSync()[0] / 1e-5).toBeCloseTo(highest, 4);
  });
});

it('gives plain signs, zeros of either sign among them, and leaves no tensor behind', () => {
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const y = binarize(tf.tensor3d([-0, 0, -1e-30, 2], [1, 2, 2]), { binarizer: 'bibert' });
    expect(y.shape).toEqual([1, 2, 2]);
    expect([...y.dataSync()]).toEqual([1, 1, -1, 1]);
    tf.grad((t: tf.Tensor) => binarize(t, { binarizer: 'bibert' }))(tf.tensor1d([0.5]));
  });
  expect(tf.memory().numTensors).toBe(before);
});

it.each([
  [{ binarizer: 'none' as never }, "probe: 'none' binarizes nothing"],
  [
    { binarizer: 'bit' as const },
    'probe: the binarizer takes 2 parameter(s) [inputScale, inputShift], got 0',
  ],
  [{ binarizer: 'ste' as const, q: 1 }, 'unknown option of ops.binarize "q"'],
])('refuses %j', (options, message) => {
  expect(() => binarize(tf.tensor1d([1]), { name: 'probe', ...options })).toThrow(message);
});

it('names who had a NaN', () => {
  expect(() => binarize(tf.tensor1d([NaN]), { binarizer: 'ste', name: 'probe' })).toThrow(
    /probe.*NaN/,
  );
  const two = { binarizer: { name: 'bit', bits: 2, shift: false }, name: 'probe' } as const;
  const attempt = () => binarize(tf.tensor1d([NaN]), { ...two, parameters: [tf.tensor1d([1])] });
  expect(attempt).toThrow(/probe.*NaN/);
});
