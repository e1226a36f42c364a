/** The binary convolution over sequences, op and layer, against a loop over positions written here. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { surge } from '../compensator/surge.js';
import type { SurgeOptions } from '../compensator/surge.js';
import { canonicalForward } from '../evaluation/canonical-forward.js';
import { attachCompensator, detachCompensator } from '../model/attach-compensator.js';
import { binaryLayers } from '../model/binary-layers.js';
import { summarize } from '../model/summarize.js';
import { binaryConv1d as op } from '../ops/binary-conv1d.js';
import type { BinaryConv1DOptions } from './binary-conv1d.js';
import * as layers from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const numbers = (shape: number[], seed = 0): tf.Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: size }, (_, i) => 1.5 * Math.sin(i * i + 0.1 + seed));
  return tf.tensor(values, shape);
};

const sign = (v: number) => (v < 0 ? -1 : 1);

interface Case {
  readonly length: number;
  readonly channels: number;
  readonly size: number;
  readonly filters: number;
  readonly strides: number;
  readonly dilationRate: number;
  readonly groups: number;
  readonly padding: number;
  readonly padValue: 0 | 1 | -1;
}

/** Where window `o` of tap `k` looks in the sequence, for padding p at both ends. */
const positionOf = (c: Case, o: number, k: number) =>
  o * c.strides + k * c.dilationRate - c.padding;
const outLength = (c: Case) =>
  Math.floor((c.length + 2 * c.padding - c.dilationRate * (c.size - 1) - 1) / c.strides) + 1;

/** Calls `visit` for each product of the convolution; `at` is -1 outside of the sequence. */
function eachProduct(
  c: Case,
  batch: number,
  visit: (n: number, o: number, f: number, at: number, x: number, w: number) => void,
): void {
  const inGroup = c.channels / c.groups;
  const outGroup = c.filters / c.groups;
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outLength(c); o++) {
      for (let f = 0; f < c.filters; f++) {
        for (let k = 0; k < c.size; k++) {
          for (let i = 0; i < inGroup; i++) {
            const at = positionOf(c, o, k);
            const inside = at >= 0 && at < c.length;
            const channel = Math.floor(f / outGroup) * inGroup + i;
            const x = inside ? (n * c.length + at) * c.channels + channel : -1;
            visit(n, o, f, at, x, (k * inGroup + i) * c.filters + f);
          }
        }
      }
    }
  }
}

const cases: Case[] = [
  [7, 3, 3, 4, 1, 1, 1, 1, 1],
  [9, 4, 3, 6, 2, 1, 2, 1, 0],
  [8, 2, 2, 2, 1, 3, 1, 3, -1],
  [5, 1, 5, 1, 3, 1, 1, 4, 1],
  [6, 5, 1, 2, 1, 1, 1, 0, 0],
].map(([length, channels, size, filters, strides, dilationRate, groups, padding, padValue]) => ({
  ...{ length, channels, size, filters, strides, dilationRate, groups, padding },
  padValue: padValue === 0 ? 0 : padValue === 1 ? 1 : -1,
}));

describe.each(cases)('ops.binaryConv1d %j', (c) => {
  const x = () => numbers([2, c.length, c.channels]);
  const kernel = () => numbers([c.size, c.channels / c.groups, c.filters], 5);
  const { strides, dilationRate, groups, padding, padValue } = c;
  const options = { strides, dilationRate, groups, padding, padValue } as const;
  const ste = { inputBinarizer: 'ste', weightBinarizer: 'ste' } as const;

  it('sums the products of the signs', () => {
    const [xs, ws] = [x().dataSync(), kernel().dataSync()];
    const expected = new Array<number>(2 * outLength(c) * c.filters).fill(0);
    eachProduct(c, 2, (n, o, f, _, xi, wi) => {
      const value = xi < 0 ? c.padValue : sign(xs[xi]);
      expected[(n * outLength(c) + o) * c.filters + f] += value * sign(ws[wi]);
    });
    const y = op(x(), kernel(), { ...ste, ...options });
    expect(y.shape).toEqual([2, outLength(c), c.filters]);
    expect([...y.dataSync()].map((v) => v + 0)).toEqual(expected.map((v) => v + 0));
  });

  it("has STE's gradients", () => {
    const [xs, ws] = [x().dataSync(), kernel().dataSync()];
    const dy = numbers([2, outLength(c), c.filters], 9);
    const dys = dy.dataSync();
    const [dx, dw] = [new Array<number>(xs.length).fill(0), new Array<number>(ws.length).fill(0)];
    eachProduct(c, 2, (n, o, f, _, xi, wi) => {
      const g = dys[(n * outLength(c) + o) * c.filters + f];
      if (xi >= 0 && Math.abs(xs[xi]) <= 1) dx[xi] += g * sign(ws[wi]);
      if (Math.abs(ws[wi]) <= 1) dw[wi] += g * (xi < 0 ? c.padValue : sign(xs[xi]));
    });
    const f = (a: tf.Tensor, b: tf.Tensor) => op(a, b, { ...ste, ...options });
    const found = tf
      .grads(f)([x(), kernel()], dy)
      .map((t) => [...t.dataSync()]);
    for (const [i, wanted] of [dx, dw].entries()) {
      found[i].forEach((value, k) => {
        expect(value).toBeCloseTo(wanted[k], 4);
      });
    }
  });
});

describe('layers.binaryConv1d', () => {
  const model = (options: Partial<BinaryConv1DOptions> = {}) =>
    tfl.sequential({
      layers: [
        layers.binaryConv1d({
          ...{ name: 'conv', filters: 4, kernelSize: 3, seed: 1, inputShape: [10, 6] },
          ...options,
        }),
      ],
    });

  it('is the op, trains with SURGE, and knows its shape, cost and config', () => {
    const made = model({ strides: 2, groups: 2 });
    expect(made.outputs[0].shape).toEqual([null, 5, 4]);
    const kernel = made.layers[0].getWeights()[0];
    expect(kernel.shape).toEqual([3, 3, 4]);
    const x = numbers([2, 10, 6]);
    const ste = { inputBinarizer: 'ste', weightBinarizer: 'ste' } as const;
    const series = { strides: 2, groups: 2, padding: 'same', padValue: 1 } as const;
    const expected = op(x, kernel, { ...ste, ...series }).dataSync();
    expect((made.predict(x) as tf.Tensor).dataSync()).toEqual(expected);
    expect(canonicalForward(made, x).dataSync()).toEqual(expected);
    const { total } = summarize(made);
    expect(total).toMatchObject({ parameters: 36, binaryMacs: 5 * 4 * 9, floatMacs: 0 });
    expect(made.layers[0].getConfig()).toMatchObject({ kernelSize: 3, strides: 2, padValue: 1 });
    attachCompensator(made, surge({ eta: 0.3 }), { seed: 2 });
    const train = (t: tf.Tensor) => made.apply(t, { training: true }) as tf.Tensor;
    const variables = made.trainableWeights.map((w) => w.read() as tf.Variable);
    const { grads } = tf.variableGrads(() => tf.sum(train(x)), variables);
    expect(Object.values(grads).map((g) => g.shape)).toEqual([
      [3, 3, 4],
      [3, 3, 4],
    ]);
    detachCompensator(made);
  });

  // METHOD.md's shapes of the forms: g = 3 groups of the 6 channels, U in the layer's own groups and V over all of its rank.
  it.each<[SurgeOptions, number, number[][]]>([
    [{ eta: 0.3, form: 'grouped', groups: 3 }, 1, [[3, 2, 6]]],
    [{ eta: 0.3, form: 'grouped', groups: 3 }, 2, [[3, 2, 6]]],
    [
      { eta: 0.3, form: 'lowRank', rank: 2 },
      1,
      [
        [3, 6, 2],
        [1, 2, 6],
      ],
    ],
    [
      { eta: 0.3, form: 'lowRank', rank: 2 },
      2,
      [
        [3, 3, 2],
        [1, 2, 6],
      ],
    ],
  ])('has the gradients of its picture of one row with %j in %d groups', (form, groups, shapes) => {
    const size = { filters: 6, groups, seed: 1 };
    const sequence = model({ ...size });
    const picture = tfl.sequential({
      layers: [
        layers.binaryConv2d({ ...size, name: 'conv', kernelSize: [1, 3], inputShape: [1, 10, 6] }),
      ],
    });
    const x = numbers([2, 10, 6]);
    const [dy, row] = [numbers([2, 10, 6], 3), tf.reshape(x, [2, 1, 10, 6])];
    for (const made of [sequence, picture]) attachCompensator(made, surge(form));
    expect(binaryLayers(sequence)[0].auxiliaries.map((w) => w.shape)).toEqual(shapes);
    picture.setWeights(sequence.getWeights().map((w) => tf.reshape(w, [1, ...w.shape])));
    const gradients = (made: tfl.LayersModel, input: tf.Tensor) => {
      const loss = (t: tf.Tensor) => {
        const y = made.apply(t, { training: true }) as tf.Tensor;
        return tf.sum<tf.Scalar>(tf.mul(tf.reshape(y, dy.shape), dy));
      };
      const variables = made.trainableWeights.map((w) => w.read() as tf.Variable);
      const { grads } = tf.variableGrads(() => loss(input), variables);
      const all = [...variables.map((v) => grads[v.name]), tf.grad(loss)(input)];
      return all.map((t) => [...t.dataSync()]);
    };
    const found = gradients(sequence, x);
    expect(found.map((values) => values.some((v) => v !== 0))).not.toContain(false);
    expect(found).toEqual(gradients(picture, row));
  });

  it('with float inputs sums floats canonically', () => {
    const made = model({ inputBinarizer: 'none', padding: 'valid' });
    const x = numbers([1, 10, 6]);
    const [xs, ws] = [x.dataSync(), made.layers[0].getWeights()[0].dataSync()];
    const found = canonicalForward(made, x);
    expect(found.shape).toEqual([1, 8, 4]);
    let sum = 0;
    for (let i = 0; i < 18; i++) sum += xs[12 + i] * sign(ws[4 * i + 3]);
    expect(found.dataSync()[4 * 2 + 3]).toBe(Math.fround(sum));
  });

  it('leaves no tensor behind', () => {
    const made = model();
    const x = numbers([2, 10, 6]);
    (made.predict(x) as tf.Tensor).dispose();
    const before = tf.memory().numTensors;
    (made.predict(x) as tf.Tensor).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    [{ inputShape: [10] }, /shape \[batch, length, channels\]/],
    [{ kernelSize: 0 }, /filters and kernelSize must be whole numbers > 0/],
    [{ groups: 4 }, /groups must be a whole number that divides/],
    [{ kernelSize: 11, padding: 'valid' as const }, /does not fit/],
    [{ strides: 0 }, /strides must be a whole number >= 1, got 0/],
    [{ inputBinarizer: 'none' as const, padValue: 1 as const }, /padValue must be 0/],
  ])('refuses %j', (options, message) => {
    expect(() => model(options)).toThrow(InputError);
    expect(() => model(options)).toThrow(message);
  });
});
