/**
 * The binary layer's backward against METHOD.md's formulas, put together from TF.js `cpu` ops, and the
 * surrogates against finite differences of what they are the derivatives of.
 */
import * as tf from '@tensorflow/tfjs-core';
// TF.js registers its gradients when this is imported; tfjs-core alone has none under Node.
import '@tensorflow/tfjs-layers';
import { convGeometry, type BranchMeasure, type SurrogateSpec } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { sizes } from '../../cases/geometries.js';
import { difference } from '../../cases/kernel-case.js';
import { reals } from '../../cases/numbers.js';
import { useEngine } from '../../use-engine.js';
import { sign, signConv2d, signConv2dGradient } from './sign-conv2d.js';
import { slope } from './surrogate.js';

beforeAll(() => useEngine({ backend: 'cpu' }));

const xShape: [number, number, number, number] = [2, 5, 6, 3];
const filterShape: [number, number, number, number] = [3, 3, 3, 4];
const g = convGeometry(xShape, filterShape, { padding: 'same', strides: 2 });
const x = reals(sizes.x(g), 1);
const kernel = reals(sizes.filter(g), 2);
const auxiliary = reals(sizes.filter(g), 3);
const dy = reals(sizes.y(g), 4);
const box: SurrogateSpec = { kind: 'box', width: 1 };
const swish: SurrogateSpec = { kind: 'swish', beta: 2 };

describe('signs', () => {
  it('are -1 iff negative: both zeros give +1', () => {
    expect([-2, -1e-45, -0, 0, 3].map(sign)).toEqual([-1, -1, 1, 1, 1]);
  });

  it('of a NaN do not exist', () => {
    const y = new Float32Array(sizes.y(g));
    expect(signConv2d(x.with(3, NaN), kernel, y, g, 0)).toBe(1);
    expect(signConv2d(x, kernel.with(0, NaN), y, g, 0)).toBe(2);
    expect(signConv2d(x, kernel, y, g, 0)).toBe(0);
  });
});

describe('backward', () => {
  /** What TF.js differentiates: conv(x, w) at the arrays given, seeded with dy. */
  function tfGradients(xValues: Float32Array, filter: Float32Array): [Float32Array, Float32Array] {
    const [dx, dw] = tf.tidy(() =>
      tf.grads((a, b) =>
        tf.conv2d(
          tf.reshape<tf.Rank.R4>(a, xShape),
          tf.reshape<tf.Rank.R4>(b, filterShape),
          2,
          'same',
        ),
      )(
        [tf.tensor4d(xValues, xShape), tf.tensor4d(filter, filterShape)],
        tf.tensor4d(dy, [g.batch, g.outHeight, g.outWidth, g.outChannels]),
      ),
    );
    return [dx.dataSync<'float32'>(), dw.dataSync<'float32'>()];
  }

  it('is g_b + lam g_a, with every measure', () => {
    const [rawB, rawW] = tfGradients(x.map(sign), kernel.map(sign));
    const gb = rawB.map((v, i) => v * (Math.abs(x[i]) <= 1 ? 1 : 0));
    const [ga, wgradX] = tfGradients(x, auxiliary);
    const norm = (a: Float32Array) => Math.sqrt(a.reduce((s, v) => s + v * v, 0));
    const lambda = (0.3 * norm(gb)) / norm(ga);

    const dx = new Float32Array(x.length);
    const dkernel = new Float32Array(kernel.length);
    const dauxiliary = new Float32Array(kernel.length);
    const measures: BranchMeasure[] = [];
    signConv2dGradient({
      dy,
      x,
      kernel,
      auxiliary,
      dx,
      dkernel,
      dauxiliary,
      geometry: g,
      padValue: 0,
      inputSurrogate: box,
      weightSurrogate: swish,
      combine: (m) => {
        measures.push(m);
        const lam = (0.3 * m.normB) / m.normA;
        return { binary: 1, auxiliary: lam, auxiliaryGradient: lam };
      },
    });
    expect(measures).toHaveLength(1);
    const [m] = measures;
    expect(m.normB).toBeCloseTo(norm(gb), 4);
    expect(m.normA).toBeCloseTo(norm(ga), 4);
    expect(m.inner).toBeCloseTo(
      gb.reduce((s, v, i) => s + v * ga[i], 0),
      3,
    );
    expect(m.clipped).toBe(x.filter((v) => Math.abs(v) > 1).length / x.length);
    expect(
      difference(
        dx,
        gb.map((v, i) => v + lambda * ga[i]),
      ),
    ).toBeLessThan(1e-5);
    expect(
      difference(
        dkernel,
        rawW.map((v, i) => v * slope(swish, kernel[i])),
      ),
    ).toBeLessThan(1e-5);
    expect(
      difference(
        dauxiliary,
        wgradX.map((v) => v * lambda),
      ),
    ).toBeLessThan(1e-5);
  });

  it('keeps a NaN of a branch of weight 0 to itself', () => {
    const run = (aux: Float32Array | undefined, binary: number) => {
      const dx = new Float32Array(x.length);
      const dauxiliary = new Float32Array(kernel.length).fill(NaN);
      signConv2dGradient({
        dy,
        x,
        kernel,
        auxiliary: aux,
        dx,
        dkernel: new Float32Array(kernel.length),
        dauxiliary,
        geometry: g,
        padValue: 0,
        inputSurrogate: box,
        weightSurrogate: box,
        combine: () => ({ binary, auxiliary: 0, auxiliaryGradient: 0 }),
      });
      return { dx, dauxiliary };
    };
    const broken = run(
      auxiliary.map(() => NaN),
      1,
    );
    expect(broken.dx).toEqual(run(undefined, 1).dx);
    expect(broken.dauxiliary.every((v) => v === 0)).toBe(true);
    expect(run(auxiliary, 0).dx.every((v) => v === 0)).toBe(true);
  });
});

describe('surrogates', () => {
  const points = [-1.9, -1.2, -0.7, -0.3, 0.2, 0.6, 1.1, 1.7];

  it.each<[string, SurrogateSpec, (v: number) => number]>([
    ['identity', { kind: 'identity' }, (v) => v],
    ['box', { kind: 'box', width: 0.8 }, (v) => Math.max(-0.8, Math.min(0.8, v))],
    [
      'quadratic',
      { kind: 'quadratic' },
      (v) => (v < -1 ? -1 : v < 0 ? 2 * v + v * v : v < 1 ? 2 * v - v * v : 1),
    ],
    [
      'swish',
      { kind: 'swish', beta: 5 },
      // SignSwish: 2 sigmoid(bv) (1 + bv (1 - sigmoid(bv))) - 1
      (v) => {
        const s = 1 / (1 + Math.exp(-5 * v));
        return 2 * s * (1 + 5 * v * (1 - s)) - 1;
      },
    ],
  ])('%s is the derivative of its function', (_, spec, f) => {
    for (const v of points) {
      expect(slope(spec, v)).toBeCloseTo((f(v + 1e-5) - f(v - 1e-5)) / 2e-5, 5);
    }
  });

  it('take their borders as the contract says', () => {
    expect([-1, 1, 1.0000001].map((v) => slope(box, v))).toEqual([1, 1, 0]);
    expect(slope({ kind: 'quadratic' }, 1)).toBe(0);
    expect(slope(swish, 1000)).toBe(-0);
  });
});
