/** Decoding against the formula in float64, at its bound, and for several sets an anchor. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flat, solidBox } from './boxes.fixture.js';
import { decodeBoxes, mostLogGrowth } from './decode.js';

type Four = [number, number, number, number];

function formula([x1, y1, x2, y2]: Four, [dx, dy, dw, dh]: Four, [wx, wy, ww, wh]: Four): number[] {
  const [w, h] = [x2 - x1, y2 - y1];
  const [cx, cy] = [(x1 + x2) / 2 + (dx / wx) * w, (y1 + y2) / 2 + (dy / wy) * h];
  const width = w * Math.exp(Math.min(dw / ww, Math.log(1000 / 16)));
  const height = h * Math.exp(Math.min(dh / wh, Math.log(1000 / 16)));
  return [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2];
}

const delta = fc.tuple(
  ...Array.from({ length: 4 }, () => fc.double({ min: -30, max: 30, noNaN: true })),
);

describe('decodeBoxes', () => {
  it.each<[Four]>([[[1, 1, 1, 1]], [[10, 10, 5, 5]]])(
    'is the formula with weights %j',
    (weights) => {
      fc.assert(
        fc.property(solidBox, delta, (anchor, numbers) => {
          const d = Array.from(numbers, Math.fround) as Four;
          const expected = formula(anchor, d, weights);
          const got = decodeBoxes(flat([anchor]), Float32Array.from(d), weights);
          const scale = Math.max(...expected.map(Math.abs));
          got.forEach((v, i) =>
            expect(Math.abs(v - expected[i])).toBeLessThanOrEqual(1e-6 * scale),
          );
        }),
      );
    },
  );

  it('moves by hand', () => {
    const d = Float32Array.from([0.5, -1, Math.log(2), Math.log(0.5)]);
    const got = decodeBoxes(flat([[10, 20, 30, 60]]), d, [1, 1, 1, 1]);
    // centre (20, 40) -> (30, 0), size 20 x 40 -> 40 x 20
    [10, -10, 50, 10].forEach((v, i) => expect(got[i]).toBeCloseTo(v, 4));
  });

  it('grows no box beyond 62.5 times its anchor', () => {
    const d = Float32Array.from([0, 0, 1e9, Infinity]);
    const got = decodeBoxes(flat([[0, 0, 16, 32]]), d, [1, 1, 1, 1]);
    [8 - 500, 16 - 1000, 8 + 500, 16 + 1000].forEach((v, i) => expect(got[i]).toBeCloseTo(v, 3));
    expect(mostLogGrowth).toBe(Math.log(1000 / 16));
  });

  it('knows several sets for an anchor', () => {
    const anchors = flat([
      [0, 0, 10, 10],
      [100, 0, 120, 20],
    ]);
    const d = Float32Array.from({ length: 24 }, (_, i) => (i % 4 === 0 ? Math.floor(i / 4) : 0));
    const got = decodeBoxes(anchors, d, [1, 1, 1, 1]);
    expect([0, 4, 8, 12, 16, 20].map((i) => got[i])).toEqual([0, 10, 20, 160, 180, 200]);
  });

  it('decodes nothing, keeps a NaN for others to find, and refuses half a set', () => {
    expect(decodeBoxes(new Float32Array(0), new Float32Array(0), [1, 1, 1, 1])).toHaveLength(0);
    const nan = decodeBoxes(
      flat([[0, 0, 1, 1]]),
      Float32Array.from([NaN, 0, NaN, 0]),
      [1, 1, 1, 1],
    );
    expect([...nan].map(Number.isNaN)).toEqual([true, false, true, false]);
    expect(() => decodeBoxes(flat([[0, 0, 1, 1]]), new Float32Array(6), [1, 1, 1, 1])).toThrow(
      '6 numbers are no whole sets for 1 anchors',
    );
  });
});
