/**
 * Batch norm, layer norm, PReLU, softmax cross-entropy, optimizers, poolings, products and element-wise functions of the
 * reference against TF.js's `cpu` backend or formulas written anew.
 */
import * as tf from '@tensorflow/tfjs-core';
// TF.js registers its gradients when this is imported; tfjs-core alone has none under Node.
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { difference } from '../../cases/kernel-case.js';
import { positives, reals } from '../../cases/numbers.js';
import { useEngine } from '../../use-engine.js';
import { batchNorm, batchNormGradient } from './batch-norm.js';
import { binary, clip, prelu, preluGradient, unary } from './element-wise.js';
import { layerNorm, layerNormGradient } from './layer-norm.js';
import { matMul } from './mat-mul.js';
import { adamStep, bopStep, sgdStep } from './optimizer-steps.js';
import { avgPool, avgPoolGradient } from './pooling.js';
import { softmaxCrossEntropy } from './softmax-cross-entropy.js';

beforeAll(() => useEngine({ backend: 'cpu' }));

function values(t: tf.Tensor): Float32Array {
  return t.dataSync<'float32'>();
}

describe('batch norm', () => {
  it('and its gradient are what TF.js composes', () => {
    const [rows, channels, epsilon] = [20, 3, 1e-3];
    const [x, dy] = [reals(rows * channels, 1), reals(rows * channels, 2)];
    const [gamma, beta] = [positives(channels, 3), reals(channels, 4)];
    const forward = (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) => {
      const { mean, variance } = tf.moments(a, 0);
      return tf.add(tf.mul(tf.div(tf.sub(a, mean), tf.sqrt(tf.add(variance, epsilon))), b), c);
    };
    const inputs = [tf.tensor2d(x, [rows, channels]), tf.tensor1d(gamma), tf.tensor1d(beta)];
    const gradients = tf.grads(forward)(inputs, tf.tensor2d(dy, [rows, channels]));

    const y = new Float32Array(x.length);
    const [mean, variance, dgamma, dbeta] = Array.from({ length: 4 }, () => new Float32Array(3));
    const dx = new Float32Array(x.length);
    batchNorm(x, gamma, beta, undefined, y, mean, variance, { epsilon });
    batchNormGradient(dy, x, gamma, mean, variance, dx, dgamma, dbeta, { epsilon });
    const moments = tf.moments(inputs[0], 0);
    expect(difference(mean, values(moments.mean))).toBeLessThan(1e-6);
    expect(difference(variance, values(moments.variance))).toBeLessThan(1e-6);
    expect(difference(y, values(forward(inputs[0], inputs[1], inputs[2])))).toBeLessThan(1e-5);
    [dx, dgamma, dbeta].forEach((actual, i) => {
      expect(difference(actual, values(gradients[i]))).toBeLessThan(1e-5);
    });
  });
});

describe('layer norm', () => {
  it('and its gradient are what TF.js composes', () => {
    const [rows, channels, epsilon] = [7, 5, 1e-3];
    const [x, dy] = [reals(rows * channels, 1), reals(rows * channels, 2)];
    const [gamma, beta] = [reals(channels, 3), reals(channels, 4)];
    const forward = (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) => {
      const { mean, variance } = tf.moments(a, 1, true);
      return tf.add(tf.mul(tf.div(tf.sub(a, mean), tf.sqrt(tf.add(variance, epsilon))), b), c);
    };
    const inputs = [tf.tensor2d(x, [rows, channels]), tf.tensor1d(gamma), tf.tensor1d(beta)];
    const gradients = tf.grads(forward)(inputs, tf.tensor2d(dy, [rows, channels]));

    const [y, dx] = [new Float32Array(x.length), new Float32Array(x.length)];
    const [mean, inverseStd] = [new Float32Array(rows), new Float32Array(rows)];
    const [dgamma, dbeta] = [new Float32Array(channels), new Float32Array(channels)];
    layerNorm(x, gamma, beta, y, mean, inverseStd, { epsilon });
    layerNormGradient(dy, x, gamma, mean, inverseStd, dx, dgamma, dbeta);
    const moments = tf.moments(inputs[0], 1);
    const inverse = tf.rsqrt(tf.add(moments.variance, epsilon));
    expect(difference(mean, values(moments.mean))).toBeLessThan(1e-6);
    expect(difference(inverseStd, values(inverse))).toBeLessThan(1e-6);
    expect(difference(y, values(forward(inputs[0], inputs[1], inputs[2])))).toBeLessThan(1e-5);
    [dx, dgamma, dbeta].forEach((actual, i) => {
      expect(difference(actual, values(gradients[i]))).toBeLessThan(1e-5);
    });
  });
});

describe('PReLU', () => {
  it.each([1, 5])('has the gradient of TF.js with %s slopes, at 0 too', (slopes) => {
    const [x, dy, alpha] = [reals(400, 1), reals(400, 2), reals(slopes, 3)];
    expect(x.filter((v) => v === 0).length).toBeGreaterThan(2);
    const [byX, byAlpha] = tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.prelu(a, b))(
      [tf.tensor2d(x, [80, 5]), tf.tensor1d(alpha)],
      tf.tensor2d(dy, [80, 5]),
    );
    const [dx, dalpha] = [new Float32Array(400), new Float32Array(slopes)];
    preluGradient(dy, x, alpha, dx, dalpha);
    expect(difference(dx, values(byX))).toBe(0);
    expect(difference(dalpha, values(byAlpha))).toBeLessThan(1e-5);
  });

  it('keeps what stands at positive inputs out of the slope', () => {
    const [dx, dalpha] = [new Float32Array(3), new Float32Array(1)];
    const dy = Float32Array.of(Infinity, NaN, 2);
    preluGradient(dy, Float32Array.of(1, 2, -3), Float32Array.of(0.5), dx, dalpha);
    expect([...dx, ...dalpha]).toEqual([Infinity, NaN, 1, -6]);
  });
});

describe('softmax cross-entropy', () => {
  it('and its gradient are what TF.js composes, for any weights', () => {
    const logits = tf.tensor2d(reals(12, 1), [3, 4]);
    const labels = tf.tensor2d(positives(12, 2), [3, 4]);
    const losses = (z: tf.Tensor) => tf.neg(tf.sum(tf.mul(labels, tf.logSoftmax(z)), 1));
    const loss = new Float32Array(3);
    const gradient = new Float32Array(12);
    softmaxCrossEntropy(values(logits), values(labels), loss, gradient);
    expect(difference(loss, values(losses(logits)))).toBeLessThan(1e-5);
    expect(difference(gradient, values(tf.grad(losses)(logits)))).toBeLessThan(1e-5);
  });

  it('ignores an impossible class without weight', () => {
    const loss = new Float32Array(1);
    const gradient = new Float32Array(2);
    softmaxCrossEntropy(Float32Array.of(3, -Infinity), Float32Array.of(1, 0), loss, gradient);
    expect([...loss, ...gradient]).toEqual([0, 0, 0]);
  });
});

describe('optimizer steps', () => {
  const start = reals(5, 1);
  const gradientAt = (step: number) => reals(5, 10 + step);

  function byTf(optimizer: tf.Optimizer): Float32Array {
    const variable = tf.variable(tf.tensor1d(start));
    for (let step = 1; step <= 4; step++) {
      optimizer.applyGradients({ [variable.name]: tf.tensor1d(gradientAt(step)) });
    }
    return values(variable);
  }

  it.each([false, true])('SGD is TF.js momentum, nesterov %s', (nesterov) => {
    const [p, v] = [start.slice(), new Float32Array(5)];
    const attrs = { learningRate: 0.1, momentum: 0.9, nesterov, weightDecay: 0 };
    for (let step = 1; step <= 4; step++) sgdStep(p, gradientAt(step), v, p, v, attrs);
    expect(difference(p, byTf(tf.train.momentum(0.1, 0.9, nesterov)))).toBeLessThan(1e-6);
  });

  it('Adam is TF.js Adam', () => {
    const [p, m, v] = [start.slice(), new Float32Array(5), new Float32Array(5)];
    for (let step = 1; step <= 4; step++) {
      adamStep(p, gradientAt(step), m, v, p, m, v, {
        learningRate: 0.1,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-7,
        step,
        weightDecay: 0,
        decoupled: false,
      });
    }
    // TF.js keeps the powers of beta2 in float32 and so divides by a rounded 1 - beta2^t.
    expect(difference(p, byTf(tf.train.adam(0.1, 0.9, 0.999, 1e-7)))).toBeLessThan(1e-3);
  });

  it('decay weights coupled and decoupled, and clip last', () => {
    const zero = new Float32Array(1);
    const [p, a, b] = [new Float32Array(1), new Float32Array(1), new Float32Array(1)];
    const attrs = { learningRate: 0.5, beta1: 0, beta2: 0, epsilon: 0, step: 1, weightDecay: 0.5 };
    adamStep(Float32Array.of(4), zero, zero, zero, p, a, b, {
      ...attrs,
      epsilon: 1,
      decoupled: true,
    });
    expect(p[0]).toBe(3); // 4 (1 - 0.25) - 0
    adamStep(Float32Array.of(4), zero, zero, zero, p, a, b, { ...attrs, decoupled: false });
    expect(p[0]).toBe(3.5); // g = 2, direction 1
    const sgd = { learningRate: 0.5, momentum: 0, nesterov: false, weightDecay: 0.5 };
    sgdStep(Float32Array.of(4), zero, zero, p, a, sgd);
    expect(p[0]).toBe(3);
    sgdStep(Float32Array.of(4), zero, zero, p, a, { ...sgd, clipMin: -1, clipMax: 1 });
    expect(p[0]).toBe(1);
  });

  it('Bop flips iff weight and momentum agree beyond the threshold', () => {
    const weights = Float32Array.of(1, 1, -1, -1, 1);
    const momentum = Float32Array.of(0.5, -0.5, -0.5, 0.5, 0.125);
    const [p, m] = [new Float32Array(5), new Float32Array(5)];
    bopStep(weights, momentum, momentum, p, m, { gamma: 0.5, threshold: 0.125 });
    expect([...p]).toEqual([-1, 1, 1, -1, 1]);
    expect([...m]).toEqual([...momentum]);
  });
});

describe('average pooling', () => {
  it('has the derivative of its forward as gradient, at the borders too', () => {
    const g = {
      batch: 1,
      inHeight: 4,
      inWidth: 4,
      inChannels: 1,
      outHeight: 2,
      outWidth: 2,
      filterHeight: 3,
      filterWidth: 3,
      strideHeight: 2,
      strideWidth: 2,
      dilationHeight: 1,
      dilationWidth: 1,
      padTop: 1,
      padLeft: 1,
    };
    const dy = reals(4, 1);
    const dx = new Float32Array(16);
    avgPoolGradient(dy, dx, g);
    for (let i = 0; i < 16; i++) {
      const y = new Float32Array(4);
      avgPool(new Float32Array(16).with(i, 1), y, g);
      expect(dx[i]).toBeCloseTo(
        y.reduce((sum, v, j) => sum + v * dy[j], 0),
        6,
      );
    }
  });
});

describe('matrix products', () => {
  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('transposed %s, %s', (transposeA, transposeB) => {
    const [batch, m, k, n] = [2, 3, 4, 5];
    const a = tf.tensor3d(reals(batch * m * k, 1), transposeA ? [batch, k, m] : [batch, m, k]);
    const b = tf.tensor3d(reals(batch * k * n, 2), transposeB ? [batch, n, k] : [batch, k, n]);
    const c = new Float32Array(batch * m * n);
    const shape = { batch, m, k, n, transposeA, transposeB, strideA: m * k, strideB: k * n };
    matMul(values(a), values(b), c, shape);
    expect(difference(c, values(tf.matMul(a, b, transposeA, transposeB)))).toBeLessThan(1e-6);
  });
});

describe('element-wise functions', () => {
  const x = Float32Array.of(-2, -1, -0, 0, 0.5, 1, 3, NaN, Infinity, -Infinity);
  const run = (f: (y: Float32Array) => void): Float32Array => {
    const y = new Float32Array(x.length);
    f(y);
    return y;
  };

  it.each([
    ['relu', tf.relu],
    ['step', tf.step],
    ['neg', tf.neg],
    ['abs', tf.abs],
    ['square', tf.square],
    ['sqrt', tf.sqrt],
    ['rsqrt', tf.rsqrt],
    ['exp', tf.exp],
    ['log', tf.log],
    ['sign', tf.sign],
  ] as const)('%s is that of TF.js, special values included', (op, f) => {
    const y = run((out) => unary(op, x, out));
    expect(difference(y, values(f(tf.tensor1d(x))))).toBeLessThan(1e-6);
  });

  it('clip and prelu are those of TF.js', () => {
    const t = tf.tensor1d(x);
    expect(
      difference(
        run((y) => clip(x, y, -1, 1)),
        values(tf.clipByValue(t, -1, 1)),
      ),
    ).toBe(0);
    const alpha = reals(x.length, 1);
    const expected = values(tf.prelu(t, tf.tensor1d(alpha)));
    expect(
      difference(
        run((y) => prelu(x, alpha, y)),
        expected,
      ),
    ).toBe(0);
  });

  it('broadcast as the layout says, in both orders', () => {
    const a = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const y = new Float32Array(8);
    binary('sub', a, Float32Array.of(10, 20), y, { inner: 2, swapped: false });
    expect([...y]).toEqual([-9, -8, -17, -16, -5, -4, -13, -12]);
    binary('sub', a, Float32Array.of(10, 20), y, { inner: 1, swapped: true });
    expect([...y]).toEqual([9, 18, 7, 16, 5, 14, 3, 12]);
  });
});
