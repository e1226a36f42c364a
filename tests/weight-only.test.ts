/**
 * Binary layers whose inputs stay float (inputBinarizer 'none'), on every backend: y = a conv(x, sign(v)), its gradients
 * against the formulas and against finite differences, the compensator on top.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { binarizers, canonicalForward, layers, ops } from '@surge-bnn/core';
import type { BackwardStatistics } from '@surge-bnn/core';
import { profileKernels } from '@surge-bnn/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';
import { cases, conv, numbers, sign, slopes } from './formulas.js';
import type { Case, Numbers } from './formulas.js';

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const norm = (v: Numbers) => Math.sqrt(v.reduce((s, e) => s + e * e, 0));
const tensor = (values: Numbers, shape: readonly number[]) =>
  tf.tensor(Float32Array.from(values), [...shape]);

function expectClose(actual: tf.Tensor, expected: Numbers, what: string, bound = 1e-4) {
  const scale = Math.max(1e-6, ...expected.map(Math.abs));
  const worst = Math.max(...actual.dataSync().map((v, i) => Math.abs(v - expected[i]) / scale));
  expect(actual.size, what).toBe(expected.length);
  expect(worst, `${what}: largest difference over largest entry`).toBeLessThan(bound);
}

/** A float input is padded with 0, whatever the case says. */
const zeroPadded = cases.map((c): Case => ({ ...c, padValue: 0 }));
const outShape = (c: Case) => [c.x[0], ...c.out, c.kernel[3]];

function data(c: Case) {
  return {
    x: numbers(size(c.x), 1, 2),
    kernel: numbers(size(c.kernel), 2, 1.5),
    auxiliary: numbers(size(c.kernel), 3),
    dy: numbers(size(outShape(c)), 4),
  };
}

const geometry = (c: Case) => ({
  strides: c.stride,
  padding: c.padding,
  dilationRate: c.dilation,
  groups: c.groups,
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => use(backend));

  it.each(zeroPadded)('$name: outputs, gradients and lam are those of the formulas', (c) => {
    const d = data(c);
    const binary = conv(c, d.x, d.kernel.map(sign), d.dy);
    const branch = conv(c, d.x, d.auxiliary, d.dy);
    const lambda = (0.3 * norm(binary.dx)) / (norm(branch.dx) + 1e-8);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const seen: BackwardStatistics[] = [];
      const f = (x: tf.Tensor, kernel: tf.Tensor, auxiliary: tf.Tensor) =>
        ops.binaryConv2d(x, kernel, {
          ...geometry(c),
          inputBinarizer: 'none',
          weightBinarizer: 'approx-sign',
          compensator: { auxiliary, eta: 0.3, onStatistics: (s) => seen.push(s) },
        });
      const given = [tensor(d.x, c.x), tensor(d.kernel, c.kernel), tensor(d.auxiliary, c.kernel)];
      expectClose(f(given[0], given[1], given[2]), binary.y, 'y');
      const [dx, dkernel, dauxiliary] = tf.grads(f)(given, tensor(d.dy, outShape(c)));
      expectClose(
        dx,
        binary.dx.map((g, i) => g + lambda * branch.dx[i]),
        'dx',
      );
      const slope = slopes['approx-sign'];
      expectClose(
        dkernel,
        binary.dw.map((g, i) => g * slope(d.kernel[i])),
        'dkernel',
      );
      expectClose(
        dauxiliary,
        branch.dw.map((g) => lambda * g),
        'dauxiliary',
      );
      expect(seen).toHaveLength(1);
      expect(seen[0].clipped).toBe(0);
      expect(Math.abs(seen[0].lambda / lambda - 1)).toBeLessThan(1e-4);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('finite differences: of the loss by x, and of the float layer at the signs by the weights', () => {
    const c = zeroPadded[0];
    const d = data(c);
    const { kernel } = d;
    const signs = kernel.map(sign);
    const loss = (x: Numbers, w: Numbers) =>
      conv(c, x, w, d.dy).y.reduce((sum, y, i) => sum + y * d.dy[i], 0);
    /** The loss is linear in either argument, so a step of 1 makes no error. */
    const slopeBy = (at: Numbers, i: number, f: (moved: Numbers) => number) =>
      f(at.map((v, j) => (i === j ? v + 0.5 : v))) - f(at.map((v, j) => (i === j ? v - 0.5 : v)));
    tf.tidy(() => {
      const f = (x: tf.Tensor, w: tf.Tensor) =>
        ops.binaryConv2d(x, w, {
          ...geometry(c),
          inputBinarizer: 'none',
          weightBinarizer: 'identity',
        });
      const given = [tensor(d.x, c.x), tensor(kernel, c.kernel)];
      const [dx, dw] = tf.grads(f)(given, tensor(d.dy, outShape(c)));
      const byX = d.x.map((_, i) => slopeBy(d.x, i, (x) => loss(x, signs)));
      const byW = kernel.map((_, i) => slopeBy(signs, i, (w) => loss(d.x, w)));
      expectClose(dx, byX, 'dx');
      expectClose(dw, byW, 'dw');
    });
  });

  it('a matrix product is the 1x1 case, of any rank', () => {
    tf.tidy(() => {
      const x = tensor(numbers(24, 1), [2, 3, 4]);
      const kernel = tensor(numbers(20, 2), [4, 5]);
      const options = { inputBinarizer: 'none', weightBinarizer: 'ste' } as const;
      const y = ops.binaryMatMul(x, kernel, options);
      const picture = tf.reshape(x, [6, 1, 1, 4]);
      const same = ops.binaryConv2d(picture, tf.reshape(kernel, [1, 1, 4, 5]), options);
      expect(y.shape).toEqual([2, 3, 5]);
      expectClose(y, Float64Array.from(same.dataSync()), 'y', 1e-6);
    });
  });

  it('never runs the kernels of binary inputs', async () => {
    if (backend === 'cpu') return; // core registers none there; the engine's would be listed
    const x = tensor(numbers(72, 1), [2, 6, 6, 1]);
    const kernel = tensor(numbers(18, 2), [3, 3, 1, 2]);
    const f = (xs: tf.Tensor, ks: tf.Tensor) =>
      ops.binaryConv2d(xs, ks, { inputBinarizer: 'none', weightBinarizer: 'ste' });
    const { kernels } = await profileKernels(() => tf.grads(f)([x, kernel]));
    const names = kernels.map((k) => k.kernel);
    expect(names).toContain('Conv2D');
    expect(names.filter((name) => name.startsWith('SurgeSignConv'))).toEqual([]);
  });

  it('evaluates canonically: f64 sums of floats times signs, one rounding', () => {
    const c = zeroPadded[1];
    const d = data(c);
    tf.tidy(() => {
      const layer = layers.binaryConv2d({
        ...geometry(c),
        filters: c.kernel[3],
        kernelSize: 3,
        inputBinarizer: 'none',
        inputShape: c.x.slice(1),
      });
      const model = tfl.sequential({ layers: [layer] });
      layer.setWeights([tensor(d.kernel, c.kernel)]);
      const y = canonicalForward(model, tensor(d.x, c.x));
      const expected = Float32Array.from(conv(c, d.x, d.kernel.map(sign), d.dy).y);
      expect(y.dataSync()).toEqual(expected);
      const dense = layers.binaryDense({ units: 3, inputBinarizer: 'none', inputShape: [8] });
      const flat = tfl.sequential({ layers: [dense] });
      const weights = numbers(24, 3);
      dense.setWeights([tensor(weights, [8, 3])]);
      const row = numbers(8, 5);
      const sums = [0, 1, 2].map((o) =>
        row.reduce((sum, v, i) => sum + v * sign(weights[3 * i + o]), 0),
      );
      expect(canonicalForward(flat, tensor(row, [1, 8])).dataSync()).toEqual(
        Float32Array.from(sums),
      );
    });
  });
});

describe('a scale', () => {
  beforeAll(() => use('cpu'));

  it('multiplies the sums, and the gradients at x and W', () => {
    const c = zeroPadded[0];
    const d = data(c);
    const a = numbers(c.kernel[3], 7).map((v) => v + 2);
    const binary = conv(c, d.x, d.kernel.map(sign), d.dy);
    const scaled = d.dy.map((g, i) => g * a[i % a.length]);
    const throughScale = conv(c, d.x, d.kernel.map(sign), scaled);
    tf.tidy(() => {
      const weightBinarizer = {
        ...binarizers.ste,
        name: 'scaled',
        scale: {
          name: 'given',
          parameters: [],
          scale: () => tensor(a, [a.length]),
          multipliesWeightGradient: true,
        },
      };
      const f = (x: tf.Tensor, kernel: tf.Tensor) =>
        ops.binaryConv2d(x, kernel, { ...geometry(c), inputBinarizer: 'none', weightBinarizer });
      const given = [tensor(d.x, c.x), tensor(d.kernel, c.kernel)];
      expectClose(
        f(given[0], given[1]),
        binary.y.map((y, i) => y * a[i % a.length]),
        'y',
      );
      const [dx, dkernel] = tf.grads(f)(given, tensor(d.dy, outShape(c)));
      expectClose(dx, throughScale.dx, 'dx');
      expectClose(
        dkernel,
        throughScale.dw.map((g, i) => g * slopes.ste(d.kernel[i])),
        'dkernel',
      );
    });
  });
});
