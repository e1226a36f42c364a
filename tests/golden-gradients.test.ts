/** The ops through tf.grads against the formulas of METHOD.md, on every backend. */
import * as tf from '@tensorflow/tfjs-core';
import { ops } from '@surge-bnn/core';
import type { BackwardStatistics, BinarizerName, BinaryConv2dOptions } from '@surge-bnn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';
import { cases, numbers, slopes, surgeLayer } from './formulas.js';
import type { Case, Numbers } from './formulas.js';

/** Relative to the largest entry: float32 sums in another order may cancel. */
function expectClose(actual: tf.Tensor, expected: Numbers, what: string, bound = 1e-4) {
  const values = actual.dataSync();
  expect(values.length, what).toBe(expected.length);
  const scale = Math.max(1e-6, ...expected.map(Math.abs));
  let worst = 0;
  values.forEach((v, i) => {
    worst = Math.max(worst, Math.abs(v - expected[i]) / scale);
  });
  expect(worst, `${what}: largest difference over largest entry`).toBeLessThan(bound);
}

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function data(c: Case) {
  const outSize = c.x[0] * c.out[0] * c.out[1] * c.kernel[3];
  return {
    x: numbers(size(c.x), 1, 2),
    kernel: numbers(size(c.kernel), 2, 1.5),
    auxiliary: numbers(size(c.kernel), 3),
    dy: numbers(outSize, 4),
  };
}

function optionsOf(c: Case, input: BinarizerName, weight: BinarizerName): BinaryConv2dOptions {
  return {
    strides: c.stride,
    padding: c.padding,
    dilationRate: c.dilation,
    groups: c.groups,
    padValue: c.padValue,
    inputBinarizer: input,
    weightBinarizer: weight,
  };
}

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => use(backend));

  const names = Object.keys(slopes) as BinarizerName[];
  describe.each(cases)('$name', (c) => {
    it.each(names)('%s: outputs, gradients, lam and cosine', (input) => {
      const weight = names[(names.indexOf(input) + 1) % names.length];
      const d = data(c);
      const expected = surgeLayer(c, d, { input, weight, eta: 0.3 });
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const x = tf.tensor(Float32Array.from(d.x), c.x);
        const kernel = tf.tensor(Float32Array.from(d.kernel), c.kernel);
        const auxiliary = tf.tensor(Float32Array.from(d.auxiliary), c.kernel);
        const dy = tf.tensor(Float32Array.from(d.dy), [c.x[0], ...c.out, c.kernel[3]]);
        const seen: BackwardStatistics[] = [];
        const f = (xs: tf.Tensor, ks: tf.Tensor, as: tf.Tensor) =>
          ops.binaryConv2d(xs, ks, {
            ...optionsOf(c, input, weight),
            compensator: { auxiliary: as, eta: 0.3, onStatistics: (s) => seen.push(s) },
          });
        const y = f(x, kernel, auxiliary);
        expect([...y.dataSync()], 'y is exact').toEqual([...expected.y]);
        const [dx, dkernel, dauxiliary] = tf.grads(f)([x, kernel, auxiliary], dy);
        expectClose(dx, expected.dx, 'dx');
        expectClose(dkernel, expected.dkernel, 'dkernel');
        expectClose(dauxiliary, expected.dauxiliary, 'dauxiliary');
        expect(seen).toHaveLength(1);
        expect(Math.abs(seen[0].lambda / expected.lambda - 1)).toBeLessThan(1e-4);
        expect(Math.abs(seen[0].cosine - expected.cosine)).toBeLessThan(1e-4);
        expect(Math.abs(seen[0].normB / expected.normB - 1)).toBeLessThan(1e-4);
        expect(Math.abs(seen[0].normA / expected.normA - 1)).toBeLessThan(1e-4);
        expect(seen[0].clipped).toBeCloseTo(expected.clipped, 6);
      });
      expect(tf.memory().numTensors).toBe(before);
    });
  });

  it('eta = 0 and no compensator give the same bits, and the auxiliary a zero gradient', () => {
    for (const c of cases) {
      const d = data(c);
      tf.tidy(() => {
        const x = tf.tensor(Float32Array.from(d.x), c.x);
        const kernel = tf.tensor(Float32Array.from(d.kernel), c.kernel);
        const auxiliary = tf.tensor(Float32Array.from(d.auxiliary), c.kernel);
        const dy = tf.tensor(Float32Array.from(d.dy), [c.x[0], ...c.out, c.kernel[3]]);
        const plain = tf.grads((xs: tf.Tensor, ks: tf.Tensor) =>
          ops.binaryConv2d(xs, ks, optionsOf(c, 'ste', 'ste')),
        )([x, kernel], dy);
        const off = tf.grads((xs: tf.Tensor, ks: tf.Tensor, as: tf.Tensor) =>
          ops.binaryConv2d(xs, ks, {
            ...optionsOf(c, 'ste', 'ste'),
            compensator: { auxiliary: as, eta: 0 },
          }),
        )([x, kernel, auxiliary], dy);
        expect(off[0].dataSync()).toEqual(plain[0].dataSync());
        expect(off[1].dataSync()).toEqual(plain[1].dataSync());
        expect(Math.max(...off[2].dataSync().map(Math.abs))).toBe(0);
        // And with the branch on, the binary branch's own gradients keep their bits.
        const on = tf.grads((ks: tf.Tensor, as: tf.Tensor) =>
          ops.binaryConv2d(x, ks, {
            ...optionsOf(c, 'ste', 'ste'),
            compensator: { auxiliary: as, eta: 0.5 },
          }),
        )([kernel, auxiliary], dy);
        expect(on[0].dataSync()).toEqual(plain[1].dataSync());
      });
    }
  });

  it('has every auxiliary form, unscaled gradients, fixed and averaged lam, and the gain-only control', () => {
    const c = cases[0];
    const d = data(c);
    const state = {};
    tf.tidy(() => {
      const x = tf.tensor(Float32Array.from(d.x), c.x);
      const kernel = tf.tensor(Float32Array.from(d.kernel), c.kernel);
      const auxiliary = tf.tensor(Float32Array.from(d.auxiliary), c.kernel);
      const dy = tf.tensor(Float32Array.from(d.dy), [c.x[0], ...c.out, c.kernel[3]]);
      const seen: BackwardStatistics[] = [];
      const onStatistics = (s: BackwardStatistics) => seen.push(s);
      const plan = { input: 'ste', weight: 'ste', eta: 0.4 };
      const run = (compensator: NonNullable<BinaryConv2dOptions['compensator']>) =>
        tf.grads((xs: tf.Tensor, ks: tf.Tensor) =>
          ops.binaryConv2d(xs, ks, {
            ...optionsOf(c, 'ste', 'ste'),
            compensator: { onStatistics, ...compensator },
          }),
        )([x, kernel], dy);

      const full = surgeLayer(c, d, plan);
      expectClose(
        run({ auxiliary: { form: 'frozen', weights: auxiliary }, eta: 0.4 })[0],
        full.dx,
        'frozen',
      );

      const shared = surgeLayer(c, { ...d, auxiliary: d.kernel }, plan);
      const [dx, dkernel] = run({ auxiliary: { form: 'shared' }, eta: 0.4 });
      expectClose(dx, shared.dx, 'shared dx');
      expectClose(dkernel, shared.dkernel, 'shared: W receives nothing from the branch');

      const fixed = surgeLayer(c, d, { ...plan, fixed: 0.25 });
      expectClose(run({ auxiliary, lambda: { fixed: 0.25 } })[0], fixed.dx, 'fixed');

      const unscaled = surgeLayer(c, d, { ...plan, scaled: false });
      const [dw] = tf.grads((as: tf.Tensor) =>
        ops.binaryConv2d(x, kernel, {
          ...optionsOf(c, 'ste', 'ste'),
          compensator: { auxiliary: as, eta: 0.4, scaleAuxiliaryGradient: false },
        }),
      )([auxiliary], dy);
      expectClose(dw, unscaled.dauxiliary, 'unscaled');

      const gained = full.baseline.map(
        (g) => (g * Math.sqrt(full.dx.reduce((s, v) => s + v * v, 0))) / full.normB,
      );
      expectClose(run({ auxiliary, eta: 0.4, gainOnly: true })[0], gained, 'gain only');

      seen.length = 0;
      run({ auxiliary, eta: 0.4, lambda: { movingAverage: 0.75 }, state });
      run({ auxiliary, eta: 0.8, lambda: { movingAverage: 0.75 }, state });
      expect(seen[0].lambda).toBeCloseTo(full.lambda, 4);
      expect(seen[1].lambda).toBeCloseTo(0.75 * full.lambda + 0.25 * 2 * full.lambda, 4);

      seen.length = 0;
      run({ auxiliary, eta: 100, lambdaMax: 0.5 });
      expect(seen[0].lambda).toBe(0.5);
      seen.length = 0;
      run({ auxiliary: tf.zerosLike(auxiliary), eta: 0.4 });
      expect(seen[0]).toMatchObject({ lambda: 0, skipped: true, normA: 0, cosine: 0 });
    });
  });

  it('gives +1 for both zeros, and names the layer when a NaN comes', () => {
    tf.tidy(() => {
      const options = { inputBinarizer: 'ste', weightBinarizer: 'ste', name: 'conv7' } as const;
      const kernel = tf.tensor4d([1], [1, 1, 1, 1]);
      const y = (v: number[]) =>
        ops.binaryConv2d(tf.tensor4d(v, [1, 1, v.length, 1]), kernel, options).dataSync();
      expect([...y([0, -0, 1e-45, -1e-45, -3, Infinity, -Infinity])]).toEqual([
        1, 1, 1, -1, -1, 1, -1,
      ]);
      expect(() => y([1, NaN])).toThrow(/layer "conv7": the input holds a NaN/);
      expect(() =>
        ops.binaryConv2d(tf.ones([1, 1, 1, 1]), tf.fill([1, 1, 1, 1], NaN), options),
      ).toThrow(/layer "conv7": the kernel holds a NaN/);
    });
  });

  it('binaryMatMul is the 1x1 convolution over the last axis, at any rank', () => {
    tf.tidy(() => {
      const c: Case = {
        name: 'dense',
        x: [6, 1, 1, 37],
        kernel: [1, 1, 37, 5],
        padding: 'valid',
        padTop: 0,
        padLeft: 0,
        out: [1, 1],
      };
      const d = data(c);
      const expected = surgeLayer(c, d, { input: 'approx-sign', weight: 'ste', eta: 0.2 });
      const x = tf.tensor(Float32Array.from(d.x), [2, 3, 37]);
      const kernel = tf.tensor(Float32Array.from(d.kernel), [37, 5]);
      const auxiliary = tf.tensor(Float32Array.from(d.auxiliary), [37, 5]);
      const f = (xs: tf.Tensor, ks: tf.Tensor, as: tf.Tensor) =>
        ops.binaryMatMul(xs, ks, {
          inputBinarizer: 'approx-sign',
          weightBinarizer: 'ste',
          compensator: { auxiliary: as, eta: 0.2 },
        });
      expect(f(x, kernel, auxiliary).shape).toEqual([2, 3, 5]);
      const gradients = tf.grads(f)(
        [x, kernel, auxiliary],
        tf.tensor(Float32Array.from(d.dy), [2, 3, 5]),
      );
      expect(gradients.map((g) => g.shape)).toEqual([
        [2, 3, 37],
        [37, 5],
        [37, 5],
      ]);
      expectClose(gradients[0], expected.dx, 'dx');
      expectClose(gradients[1], expected.dkernel, 'dkernel');
      expectClose(gradients[2], expected.dauxiliary, 'dauxiliary');
    });
  });

  it('takes an empty batch', () => {
    tf.tidy(() => {
      const options = { inputBinarizer: 'ste', weightBinarizer: 'ste', padding: 'same' } as const;
      const y = ops.binaryConv2d(tf.zeros([0, 4, 4, 3]), tf.ones([3, 3, 3, 2]), options);
      expect(y.shape).toEqual([0, 4, 4, 2]);
    });
  });
});
