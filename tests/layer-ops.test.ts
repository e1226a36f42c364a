/**
 * Layer norm, PReLU and the rows of an embedding on every backend: gradients against formulas written out, over drawn
 * sizes; which kernels a network of them runs in the engine; and that its training grows nothing.
 */
import * as tf from '@tensorflow/tfjs-core';
import { boxSurrogate, layers, noTransform, ops, type Binarizer } from '@surge-bnn/core';
import { LAYER_NORM, LAYER_NORM_GRADIENT, PRELU_GRADIENT } from '@surge-bnn/contract';
import { backendMemory, profileKernels } from '@surge-bnn/engine';
import * as tfl from '@tensorflow/tfjs-layers';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';

/** Eighths in [-2, 2]: products of them are exact in float32. */
const eighths = (length: number) =>
  fc
    .array(fc.integer({ min: -16, max: 16 }), { minLength: length, maxLength: length })
    .map((list) => list.map((v) => v / 8));

const table = fc
  .record({ rows: fc.integer({ min: 1, max: 6 }), channels: fc.integer({ min: 1, max: 19 }) })
  .chain(({ rows, channels }) =>
    fc.record({
      rows: fc.constant(rows),
      channels: fc.constant(channels),
      x: eighths(rows * channels),
      dy: eighths(rows * channels),
      perChannel: eighths(channels),
      ids: fc.array(fc.integer({ min: 0, max: rows - 1 }), { minLength: 1, maxLength: 9 }),
    }),
  );

function expectClose(actual: tf.Tensor, expected: readonly number[], bound = 1e-4): void {
  const values = actual.dataSync();
  expect(values).toHaveLength(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  expected.forEach((v, i) => {
    expect(Math.abs(values[i] - v) / scale).toBeLessThan(bound);
  });
}

/** Gradients of f at `inputs` for an output gradient dy, with f's value; all freed by the caller's tidy. */
function gradients(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  dy: readonly number[],
): tf.Tensor[] {
  const y = f(...inputs);
  return [y, ...tf.grads(f)(inputs, tf.tensor([...dy], y.shape))];
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => use(backend));

  it('layer norm: each row centred and scaled, its gradient orthogonal to ones and to the row', () => {
    fc.assert(
      fc.property(table, ({ rows, channels, x, dy, perChannel: gamma }) => {
        tf.tidy(() => {
          const epsilon = 0.01;
          const beta = gamma.map((v) => 1 - v);
          const inputs = [tf.tensor2d(x, [rows, channels]), tf.tensor1d(gamma), tf.tensor1d(beta)];
          const f = (a: tf.Tensor, g: tf.Tensor, b: tf.Tensor) => ops.layerNorm(a, g, b, epsilon);
          const [y, dx, dgamma, dbeta] = gradients(f, inputs, dy);
          const rowOf = (list: readonly number[], r: number) =>
            list.slice(r * channels, (r + 1) * channels);
          const parts = Array.from({ length: rows }, (_, r) => {
            const row = rowOf(x, r);
            const mu = mean(row);
            const s = 1 / Math.sqrt(mean(row.map((v) => (v - mu) ** 2)) + epsilon);
            // The Jacobian of xhat written out: s (delta_ij - 1/C - xhat_i xhat_j / C).
            const xhat = row.map((v) => (v - mu) * s);
            const g = rowOf(dy, r).map((v, c) => v * gamma[c]);
            const byX = xhat.map((xi, i) =>
              g
                .map(
                  (gj, j) =>
                    gj * s * ((i === j ? 1 : 0) - 1 / channels - (xi * xhat[j]) / channels),
                )
                .reduce((a, b) => a + b, 0),
            );
            return { xhat, byX, dy: rowOf(dy, r) };
          });
          expectClose(
            y,
            parts.flatMap((p) => p.xhat.map((v, c) => v * gamma[c] + beta[c])),
          );
          expectClose(
            dx,
            parts.flatMap((p) => p.byX),
          );
          const over = (f: (p: (typeof parts)[number], c: number) => number) =>
            gamma.map((_, c) => parts.reduce((sum, p) => sum + f(p, c), 0));
          expectClose(
            dgamma,
            over((p, c) => p.dy[c] * p.xhat[c]),
          );
          expectClose(
            dbeta,
            over((p, c) => p.dy[c]),
          );
        });
      }),
      { numRuns: 60 },
    );
  });

  it('PReLU: exact in x, its slopes the sums over what is not positive', () => {
    fc.assert(
      fc.property(table, fc.boolean(), ({ rows, channels, x, dy, perChannel }, one) => {
        tf.tidy(() => {
          const alpha = one ? [perChannel[0]] : perChannel;
          const slope = (i: number) => alpha[i % alpha.length];
          const [y, dx, dalpha] = gradients(
            ops.prelu,
            [tf.tensor2d(x, [rows, channels]), tf.tensor1d(alpha)],
            dy,
          );
          expectClose(
            y,
            x.map((v, i) => (v < 0 ? slope(i) * v : v)),
            1e-9,
          );
          expectClose(
            dx,
            dy.map((v, i) => (x[i] > 0 ? v : slope(i) * v)),
            1e-9,
          );
          const sums = alpha.map(() => 0);
          x.forEach((v, i) => {
            if (v <= 0) sums[i % alpha.length] += v * dy[i];
          });
          expectClose(dalpha, sums, 1e-6);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('rows of a table: the gradient of each row is the sum over the places that show it', () => {
    fc.assert(
      fc.property(table, ({ rows, channels, x, ids, perChannel }) => {
        tf.tidy(() => {
          const dy = ids.flatMap((_, i) => perChannel.map((v) => v * (i + 1)));
          const indices = tf.tensor1d(ids, 'int32');
          const [y, dx] = gradients(
            (a) => tf.gather(a, indices),
            [tf.tensor2d(x, [rows, channels])],
            dy,
          );
          expectClose(
            y,
            ids.flatMap((id) => x.slice(id * channels, (id + 1) * channels)),
            1e-9,
          );
          const weights = Array.from({ length: rows }, (_, r) =>
            ids.reduce((sum, id, i) => sum + (id === r ? i + 1 : 0), 0),
          );
          expectClose(
            dx,
            weights.flatMap((w) => perChannel.map((v) => v * w)),
            1e-6,
          );
        });
      }),
      { numRuns: 60 },
    );
  });
});

/** Four levels of u itself, -2 to 1; inputs are scale level + offset, and the scale is learnt. */
function fourLevels(offset: number): Binarizer {
  const zero = () => tf.zeros([1]);
  return {
    name: 'four levels',
    transform: {
      ...noTransform,
      parameters: [{ name: 'scale', initialValue: 1, shape: 'scalar' }],
      backward: (gradient) => ({ input: gradient.clone(), parameters: [zero()] }),
      elastic: () => ({ k: 1, parameters: () => [zero()] }),
    },
    surrogate: boxSurrogate(2),
    set: {
      name: 'scale level + offset',
      values: ([scale]) => ({ scale: scale.clone(), offset: tf.tensor1d([offset]) }),
      backward: (atScale) => [atScale.clone()],
    },
    levels: {
      name: '-2, -1, 0, 1',
      bits: 2,
      of: (u) => tf.clipByValue(tf.floor(tf.add(u, 0.5)), -2, 1),
    },
    describe: { forward: '', backward: '', schedule: '', source: '' },
  };
}

describe.each(backends)('more levels than two on %s', (backend) => {
  beforeAll(() => use(backend));
  const x = [-2.75, -1.75, -1.25, -0.25, 0.25, 0.75, 1.75, 2.25];
  const dy = [1, -2, 0.5, 3, -1, 2, -0.25, 0.75];
  const level = x.map((v) => Math.max(-2, Math.min(1, Math.floor(v + 0.5))));

  it('are not taken for two values where a transform changes no sign', () => {
    tf.tidy(() => {
      const { transform, surrogate, levels, describe: text } = fourLevels(0);
      const plain = { name: 'plain', transform, surrogate, levels, describe: text };
      const binarizer: Binarizer = { ...plain, transform: noTransform };
      const f = (t: tf.Tensor) => ops.binarize(t, { binarizer });
      const [y, dx] = gradients(f, [tf.tensor1d(x)], dy);
      expectClose(y, level, 1e-6);
      const expected = x.map((v, i) => (Math.abs(v) <= 2 ? dy[i] : 0));
      expectClose(dx, expected, 1e-6);
    });
  });

  it('have the sum of dy level for the gradient of their scale', () => {
    const [scale, offset] = [0.5, 0.25];
    tf.tidy(() => {
      const binarizer = fourLevels(offset);
      const f = (t: tf.Tensor, a: tf.Tensor) => ops.binarize(t, { binarizer, parameters: [a] });
      const [y, dx, da] = gradients(f, [tf.tensor1d(x), tf.tensor1d([scale])], dy);
      const values = level.map((v) => scale * v + offset);
      expectClose(y, values, 1e-6);
      const expected = x.map((v, i) => (Math.abs(v) <= 2 ? scale * dy[i] : 0));
      expectClose(dx, expected, 1e-6);
      expectClose(da, [level.reduce((sum, v, i) => sum + v * dy[i], 0)], 1e-6);
    });
  });
});

/** Tokens looked up, normalised, mixed along both axes, bent, and classified. */
function network(): tfl.LayersModel {
  return tfl.sequential({
    layers: [
      tfl.layers.embedding({ inputDim: 11, outputDim: 8, inputLength: 5 }),
      layers.layerNorm(),
      tfl.layers.dense({ units: 8 }),
      layers.rprelu(),
      tfl.layers.permute({ dims: [2, 1] }),
      tfl.layers.dense({ units: 5 }),
      layers.prelu(),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 3 }),
    ],
  });
}

describe.each(backends.filter((b) => b !== 'cpu'))('a network of tokens on %s', (backend) => {
  beforeAll(() => use(backend));

  it('runs in the engine and trains without growing', async () => {
    const model = network();
    const ids = tf.tensor2d([1, 4, 0, 4, 10, 2, 3, 5, 6, 7], [2, 5], 'int32');
    const labels = tf.tensor2d([1, 0, 0, 0, 0, 1], [2, 3]);
    const optimizer = tf.train.sgd(0.05);
    const step = (): number =>
      tf.tidy(() => {
        const loss = optimizer.minimize(() => {
          const logits = model.apply(ids, { training: true }) as tf.Tensor;
          return tf.mean<tf.Scalar>(ops.softmaxCrossEntropy(logits, labels));
        }, true);
        return loss?.dataSync()[0] ?? NaN;
      });
    const { result: first, kernels } = await profileKernels(step);
    const path = (name: string) => kernels.filter((k) => k.kernel === name).map((k) => k.path);
    for (const name of [
      ...[LAYER_NORM, LAYER_NORM_GRADIENT, 'Prelu', PRELU_GRADIENT],
      ...['GatherV2', 'UnsortedSegmentSum', 'Transpose', 'BatchMatMul'],
    ]) {
      expect(path(name), name).toEqual(['engine']);
    }
    for (const slow of ['Greater', 'Select']) expect(path(slow)).toEqual([]);
    for (let i = 0; i < 4; i++) step();
    const [tensors, memory] = [tf.memory().numTensors, backendMemory()];
    let last = NaN;
    for (let i = 0; i < 60; i++) last = step();
    expect(last).toBeLessThan(first / 2);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(backendMemory()).toEqual(memory);
    model.dispose();
  });
});
