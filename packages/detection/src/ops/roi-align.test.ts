/** The op: its values and gradient are those of the runtime's loops, through TF.js's tape; pyramids; every refusal. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { drawn, expectClose, expectNoLeak } from '../testing/finite-differences.fixture.js';
import { pyramidRoiAlign } from './pyramid-roi-align.js';
import { roiAlign } from './roi-align.js';

beforeAll(() => tf.setBackend('cpu'));

const options = { scale: 0.5, height: 2, width: 2, samplingRatio: 2, aligned: false };
const regions = {
  boxes: Float32Array.from([0, 0, 8, 8, 2, 3, 9, 10, -4, -4, 30, 30]),
  pictures: Int32Array.of(0, 1, 1),
};
const x = () => tf.tensor4d(drawn(2 * 5 * 5 * 3, 1), [2, 5, 5, 3]);
const dot = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b)).dataSync()[0];

describe('roiAlign', () => {
  it('reads a ramp by hand', () => {
    // Pixel (row, column) holds column: a box of pixels 0 to 4 of the map, two samples a bin.
    const ramp = tf.tensor4d(
      Array.from({ length: 25 }, (_, i) => i % 5),
      [1, 5, 5, 1],
    );
    const one = { boxes: Float32Array.of(0, 0, 8, 8), pictures: Int32Array.of(0) };
    expect([...roiAlign(ramp, one, options).dataSync()]).toEqual([1, 3, 1, 3]);
  });

  it('is linear in x, and its gradient is the transpose', () => {
    const y = roiAlign(x(), regions, options);
    expect(y.shape).toEqual([3, 2, 2, 3]);
    const dy = tf.tensor4d(drawn(36, 2), [3, 2, 2, 3]);
    const dx = tf.grad((map) => roiAlign(map as tf.Tensor4D, regions, options))(x(), dy);
    expect(dx.shape).toEqual([2, 5, 5, 3]);
    for (let i = 0; i < 150; i += 7) {
      const unit = tf.tensor4d(
        Array.from({ length: 150 }, (_, j) => (j === i ? 1 : 0)),
        [2, 5, 5, 3],
      );
      expect(dx.dataSync()[i]).toBeCloseTo(dot(roiAlign(unit, regions, options), dy), 5);
    }
    expect(dot(dx, x())).toBeCloseTo(dot(y, dy), 4);
  });

  it('leaves no tensor behind', () => {
    const map = x();
    expectNoLeak(() => tf.dispose(roiAlign(map, regions, options)));
    expectNoLeak(() =>
      tf.dispose(tf.grad((m) => tf.sum(roiAlign(m as tf.Tensor4D, regions, options)))(map)),
    );
  });

  it('knows no boxes', () => {
    const none = { boxes: new Float32Array(0), pictures: new Int32Array(0) };
    expect(roiAlign(x(), none, options).shape).toEqual([0, 2, 2, 3]);
  });

  it.each([
    [{ boxes: Float32Array.of(0, 0, NaN, 1), pictures: Int32Array.of(0) }, {}, 'box 0 holds NaN'],
    [
      { boxes: Float32Array.of(0, 0, 1, 1), pictures: Int32Array.of(2) },
      {},
      'box 0 is of picture 2',
    ],
    [{ boxes: Float32Array.of(0, 0, 1, 1), pictures: new Int32Array(0) }, {}, 'need 1 picture'],
    [regions, { scale: 0 }, 'scale must be above 0'],
    [regions, { samplingRatio: 0.5 }, 'samplingRatio a whole number'],
    [regions, { heigth: 3 }, 'did you mean "height"'],
  ])('refuses %j, %j', (given, change, message) => {
    const attempt = () => roiAlign(x(), given, { ...options, ...change });
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
  });
});

describe('pyramidRoiAlign', () => {
  const { scale: _, ...plain } = options;
  const pyramid = { ...plain, firstLevel: 2, s0: 64 };
  // k = floor(4 + log2(side / 64)): sides below 32 from stride 4, below 64 from 8, else from 16.
  const mixed = {
    boxes: Float32Array.from([0, 0, 64, 64, 3, 3, 9, 9, 10, 10, 50, 50, 0, 0, 20, 20]),
    pictures: Int32Array.of(0, 1, 0, 1),
  };
  const maps = [16, 8, 4].map((n, i) => tf.tensor4d(drawn(2 * n * n * 3, i + 1), [2, n, n, 3]));

  it('reads each box from its level, in the order of the boxes', () => {
    const y = pyramidRoiAlign(maps, mixed, pyramid);
    expect(y.shape).toEqual([4, 2, 2, 3]);
    [2, 0, 1, 0].forEach((level, i) => {
      const one = {
        boxes: mixed.boxes.slice(4 * i, 4 * i + 4),
        pictures: mixed.pictures.slice(i, i + 1),
      };
      const expected = roiAlign(maps[level], one, { ...options, scale: 1 / (4 << level) });
      expectClose(tf.slice(y, [i], [1]), [...expected.dataSync()], 0);
    });
  });

  it('has a gradient at every level that was read', () => {
    const dy = tf.tensor4d(drawn(48, 9), [4, 2, 2, 3]);
    const gradients = tf.grads((a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) =>
      pyramidRoiAlign([a, b, c] as tf.Tensor4D[], mixed, pyramid),
    )(maps, dy);
    const total = gradients.reduce((sum, g, i) => sum + dot(g, maps[i]), 0);
    expect(total).toBeCloseTo(dot(pyramidRoiAlign(maps, mixed, pyramid), dy), 4);
    expectNoLeak(() => tf.dispose(pyramidRoiAlign(maps, mixed, pyramid)));
  });

  it('knows no boxes, one map and none', () => {
    const none = { boxes: new Float32Array(0), pictures: new Int32Array(0) };
    expect(pyramidRoiAlign(maps, none, pyramid).shape).toEqual([0, 2, 2, 3]);
    const single = pyramidRoiAlign([maps[1]], mixed, { ...pyramid, firstLevel: 3 });
    const expected = roiAlign(maps[1], mixed, { ...options, scale: 1 / 8 });
    expectClose(single, [...expected.dataSync()], 0);
    expect(() => pyramidRoiAlign([], mixed, pyramid)).toThrow(InputError);
  });
});
