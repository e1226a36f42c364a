/** Output sizes and paddings against TF.js's own computation, and every refusal. */
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convGeometry, multiplyAdds } from './conv-geometry.js';
import { seedFor } from './seed.js';

const small = (max: number) => fc.integer({ min: 1, max });

describe('convGeometry', () => {
  it('agrees with TF.js', () => {
    fc.assert(
      fc.property(
        fc.record({
          x: fc.tuple(fc.integer({ min: 0, max: 2 }), small(12), small(12), small(5)),
          filter: fc.tuple(small(5), small(5), small(4)),
          strides: fc.tuple(small(3), small(3)),
          padding: fc.constantFrom<'same' | 'valid' | number>('same', 'valid', 0, 1, 3),
        }),
        ({ x, filter, strides: given, padding }) => {
          // With a number TF.js takes the first stride and the first filter size for both axes.
          const strides: [number, number] =
            typeof padding === 'number' ? [given[0], given[0]] : given;
          const width = typeof padding === 'number' ? filter[0] : filter[1];
          const shape: [number, number, number, number] = [filter[0], width, x[3], filter[2]];
          const theirs = tf.backend_util.computeConv2DInfo(
            x,
            shape,
            strides,
            1,
            padding,
            padding === 'same' || padding === 'valid' ? undefined : 'floor',
          );
          const fits = theirs.outHeight > 0 && theirs.outWidth > 0;
          if (!fits) {
            expect(() => convGeometry(x, shape, { strides, padding })).toThrow(/does not fit/);
            return;
          }
          expect(convGeometry(x, shape, { strides, padding })).toMatchObject({
            outHeight: theirs.outHeight,
            outWidth: theirs.outWidth,
            padTop: theirs.padInfo.top,
            padLeft: theirs.padInfo.left,
          });
        },
      ),
    );
  });

  it.each([
    [[1, 4, 4], [3, 3, 1, 1], {}, /the input must have shape \[batch, height, width, channels\]/],
    [[1, 4, 4, 1], [3, 3, 1], {}, /the kernel must have shape/],
    [[1, 4, 4, 2], [3, 3, 1, 1], {}, /reads 1 channels in each of 1 group\(s\), but the input/],
    [[1, 4, 4, 2], [3, 3, 1, 3], { groups: 2 }, /groups must be a whole number that divides/],
    [[1, 4, 4, 1], [3, 3, 1, 1], { strides: 0 }, /strides must be one or two whole numbers >= 1/],
    [[1, 4, 4, 1], [3, 3, 1, 1], { dilationRate: 1.5 }, /dilationRate must be/],
    [
      [1, 4, 4, 1],
      [3, 3, 1, 1],
      { padding: -1 },
      /padding must be 'same', 'valid' or a whole number/,
    ],
    [[1, 2, 2, 1], [3, 3, 1, 1], {}, /the 3x3 kernel \(dilation 1x1\) does not fit the 2x2 input/],
  ])('refuses %j * %j with %j', (x, filter, options, message) => {
    expect(() => convGeometry(x, filter, options, 'conv5')).toThrow(message);
    expect(() => convGeometry(x, filter, options, 'conv5')).toThrow(/^conv5: /);
  });

  it('counts multiply-adds', () => {
    const g = convGeometry([2, 8, 8, 6], [3, 3, 3, 4], { padding: 'same', strides: 2, groups: 2 });
    expect(multiplyAdds(g)).toBe(2 * 4 * 4 * 4 * 27);
  });
});

describe('seedFor', () => {
  it('differs by seed and by purpose, and is pinned', () => {
    const seeds = [0, 1, 2].flatMap((s) => ['init/a', 'init/b', 'order'].map((p) => seedFor(s, p)));
    expect(new Set(seeds).size).toBe(9);
    expect(seedFor(1, 'init/stem')).toBe(seedFor(1, 'init/stem'));
    for (const s of seeds) expect(Number.isInteger(s) && s >= 0 && s < 2 ** 32).toBe(true);
  });
});
