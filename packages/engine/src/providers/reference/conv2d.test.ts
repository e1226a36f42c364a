/**
 * The reference convolutions against TF.js's `cpu` backend, and the gradients as adjoints of the forward.
 */
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { convGeometry, type ConvGeometry } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { convGeometries, sizes } from '../../cases/geometries.js';
import { difference } from '../../cases/kernel-case.js';
import { integers, reals } from '../../cases/numbers.js';
import { useEngine } from '../../use-engine.js';
import { conv2d, conv2dFilterGradient, conv2dInputGradient } from './conv2d.js';
import { sign, signConv2d } from './sign-conv2d.js';

beforeAll(() => useEngine({ backend: 'cpu' }));

/** TF.js's answer: pads by hand with `padValue`, convolves each group, joins the groups. */
function byTf(x: Float32Array, filter: Float32Array, g: ConvGeometry, padValue = 0): Float32Array {
  const result = tf.tidy(() => {
    const below = (size: number, before: number, out: number, stride: number, reach: number) =>
      Math.max(0, (out - 1) * stride + reach - size - before);
    const reachH = (g.filterHeight - 1) * g.dilationHeight + 1;
    const reachW = (g.filterWidth - 1) * g.dilationWidth + 1;
    const padded = tf.pad(
      tf.tensor4d(x, [g.batch, g.inHeight, g.inWidth, g.inChannels]),
      [
        [0, 0],
        [g.padTop, below(g.inHeight, g.padTop, g.outHeight, g.strideHeight, reachH)],
        [g.padLeft, below(g.inWidth, g.padLeft, g.outWidth, g.strideWidth, reachW)],
        [0, 0],
      ],
      padValue,
    );
    const perGroup = g.inChannels / g.groups;
    const filters = tf.split<tf.Tensor4D>(
      tf.tensor4d(filter, [g.filterHeight, g.filterWidth, perGroup, g.outChannels]),
      g.groups,
      3,
    );
    return tf.concat(
      tf
        .split<tf.Tensor4D>(padded, g.groups, 3)
        .map((part, i) =>
          tf.conv2d(part, filters[i], [g.strideHeight, g.strideWidth], 'valid', 'NHWC', [
            g.dilationHeight,
            g.dilationWidth,
          ]),
        ),
      3,
    );
  });
  const values = result.dataSync<'float32'>();
  result.dispose();
  return values;
}

/** TF.js computes neither an empty batch nor strides together with dilation. */
const withBatch = convGeometries.filter(
  ({ geometry: g }) =>
    g.batch > 0 &&
    (Math.max(g.strideHeight, g.strideWidth) === 1 ||
      Math.max(g.dilationHeight, g.dilationWidth) === 1),
);

describe('against TF.js cpu', () => {
  it.each(withBatch.map(({ name, geometry }) => [name, geometry] as const))('%s', (_, g) => {
    const [x, filter] = [reals(sizes.x(g), 1), reals(sizes.filter(g), 2)];
    const y = new Float32Array(sizes.y(g));
    conv2d(x, filter, y, g);
    expect(difference(y, byTf(x, filter, g))).toBeLessThan(1e-5);
    for (const padValue of [0, 1, -1] as const) {
      expect(signConv2d(x, filter, y, g, padValue)).toBe(0);
      expect(difference(y, byTf(x.map(sign), filter.map(sign), g, padValue))).toBe(0);
    }
  });
});

/** A random geometry that fits; odd sizes, groups and paddings included. */
const geometry = fc
  .record({
    batch: fc.integer({ min: 0, max: 2 }),
    height: fc.integer({ min: 1, max: 7 }),
    width: fc.integer({ min: 1, max: 7 }),
    groups: fc.integer({ min: 1, max: 3 }),
    groupInputs: fc.integer({ min: 1, max: 3 }),
    groupOutputs: fc.integer({ min: 1, max: 3 }),
    filterHeight: fc.integer({ min: 1, max: 3 }),
    filterWidth: fc.integer({ min: 1, max: 3 }),
    strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    dilationRate: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    padding: fc.constantFrom<('same' | 'valid' | number)[]>('same', 'valid', 0, 1, 2),
  })
  .filter((r) => {
    const pad = typeof r.padding === 'number' ? 2 * r.padding : r.padding === 'same' ? 6 : 0;
    return (
      (r.filterHeight - 1) * r.dilationRate[0] < r.height + pad &&
      (r.filterWidth - 1) * r.dilationRate[1] < r.width + pad
    );
  })
  .map((r) =>
    convGeometry(
      [r.batch, r.height, r.width, r.groups * r.groupInputs],
      [r.filterHeight, r.filterWidth, r.groupInputs, r.groups * r.groupOutputs],
      r,
    ),
  );

describe('gradients', () => {
  it('are the adjoints of the forward: <conv(x, w), dy> = <x, dgrad(dy, w)> = <w, wgrad(x, dy)>', () => {
    fc.assert(
      fc.property(geometry, fc.nat(), (g, seed) => {
        const x = integers(sizes.x(g), seed);
        const w = integers(sizes.filter(g), seed + 1);
        const dy = integers(sizes.y(g), seed + 2);
        const [y, dx, dw] = [dy, x, w].map((a) => new Float32Array(a.length).fill(NaN));
        conv2d(x, w, y, g);
        conv2dInputGradient(dy, w, dx, g);
        conv2dFilterGradient(x, dy, dw, g);
        expect(dot(x, dx)).toBe(dot(y, dy));
        expect(dot(w, dw)).toBe(dot(y, dy));
      }),
    );
  });
});

function dot(a: Float32Array, b: Float32Array): number {
  // Adding +0 makes one number of the two zeros.
  return a.reduce((sum, v, i) => sum + v * b[i], 0) + 0;
}
