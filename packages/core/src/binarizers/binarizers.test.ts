/** One table of estimator cases, as in the papers, and finite differences of what the backward pretends. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { binaryConv2d } from '../ops/binary-conv2d.js';
import { binarizers, methods, resolveBinarizer, resolveMethod } from './registry.js';
import type { BinarizerName } from './registry.js';

beforeAll(() => tf.setBackend('cpu'));

/** u, sign(u), slope(u); the swish slopes were computed by hand from the closed form with beta = 5. */
const table: { name: BinarizerName; rows: [number, number, number][] }[] = [
  {
    name: 'ste',
    rows: [
      [-1.5, -1, 0],
      [-1, -1, 1],
      [-0.25, -1, 1],
      [0, 1, 1],
      [1, 1, 1],
      [1.0001, 1, 0],
    ],
  },
  {
    name: 'identity',
    rows: [
      [-100, -1, 1],
      [0, 1, 1],
      [7, 1, 1],
    ],
  },
  {
    name: 'approx-sign',
    rows: [
      [-1.2, -1, 0],
      [-0.75, -1, 0.5],
      [0, 1, 2],
      [0.25, 1, 1.5],
      [1, 1, 0],
    ],
  },
  {
    name: 'swish-sign',
    rows: [
      [0, 1, 5],
      [0.2, 1, (5 * (2 - Math.tanh(0.5))) / (1 + Math.cosh(1))],
      [-1, -1, (5 * (2 - 5 * Math.tanh(2.5))) / (1 + Math.cosh(5))],
      [40, 1, 0],
      [-1000, -1, 0],
    ],
  },
];

describe.each(table)('$name', ({ name, rows }) => {
  it('has the outputs and slopes of the table, through the op', () => {
    tf.tidy(() => {
      const x = tf.tensor4d(
        rows.map((r) => r[0]),
        [1, 1, rows.length, 1],
      );
      const kernel = tf.ones([1, 1, 1, 1]);
      const f = (t: tf.Tensor) =>
        binaryConv2d(t, kernel, { inputBinarizer: name, weightBinarizer: 'identity' });
      expect([...f(x).dataSync()]).toEqual(rows.map((r) => r[1]));
      const gradient = tf
        .grad(f)(x, tf.fill([1, 1, rows.length, 1], 3))
        .dataSync();
      rows.forEach((r, i) => expect(gradient[i]).toBeCloseTo(3 * r[2], 4));
    });
  });

  it('has as slope the derivative of its antiderivative', () => {
    const { surrogate } = resolveBinarizer(name);
    const { antiderivative } = surrogate;
    if (antiderivative === undefined) throw new Error('no antiderivative');
    fc.assert(
      fc.property(fc.double({ min: -3, max: 3, noNaN: true }), (given) => {
        // Away from the kinks, where the derivative jumps.
        const u = Math.abs(Math.abs(given) - 1) < 1e-3 || Math.abs(given) < 1e-3 ? 0.5 : given;
        const h = 1e-5;
        const difference = (antiderivative(u + h, 0) - antiderivative(u - h, 0)) / (2 * h);
        const slope = tf.tidy(() => surrogate.slope(tf.scalar(u), 0).dataSync()[0]);
        expect(Math.abs(slope - difference)).toBeLessThan(1e-3);
      }),
      { numRuns: 200 },
    );
  });
});

describe('names', () => {
  it('are refused with the nearest right one', () => {
    // A name that comes from JSON is a string that the types have not seen.
    const given = JSON.parse('"stee"') as BinarizerName;
    expect(() => resolveBinarizer(given)).toThrow(
      'unknown binarizer "stee" (did you mean "ste"?); allowed: ste, identity, approx-sign, swish-sign',
    );
    expect(() => resolveMethod('aprox-sign')).toThrow(/did you mean "approx-sign"/);
  });

  it('lead to binarizers of that name, described for people', () => {
    for (const [name, binarizer] of Object.entries(binarizers)) {
      expect(binarizer.name).toBe(name);
      for (const line of Object.values(binarizer.describe)) expect(line.length).toBeGreaterThan(0);
    }
    for (const method of Object.values(methods)) resolveBinarizer(method.weight);
  });
});
