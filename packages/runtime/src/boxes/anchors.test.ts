/** Anchors and default boxes against numbers from the papers' tables and the formulas written out. */
import { describe, expect, it } from 'vitest';
import { anchorShapes, gridAnchors } from './anchors.js';
import { defaultBoxes, defaultBoxesPerPixel, ssd300Plan } from './default-boxes.js';

describe('anchors', () => {
  // 32 sqrt(2) = 45.25 -> half 22.63 -> 23; 32 / sqrt(2) = 22.63 -> half 11.3 -> 11
  it.each([
    [{ sizes: [32], ratios: [0.5, 1, 2] }, [-23, -11, 23, 11, -16, -16, 16, 16, -11, -23, 11, 23]],
    // 5 / 2 and 7 / 2 lie between whole numbers: to the even one, 2 and 4.
    [{ sizes: [5, 7], ratios: [1] }, [-2, -2, 2, 2, -4, -4, 4, 4]],
    [{ sizes: [128, 256], ratios: [4] }, [-32, -128, 32, 128, -64, -256, 64, 256]],
  ])('shapes of %j', (shapes, expected) => {
    expect([...anchorShapes(shapes)]).toEqual(expected);
  });

  it('stand row by row, pixel by pixel, shape by shape', () => {
    const shapes = { sizes: [8, 16], ratios: [1] };
    const anchors = gridAnchors(shapes, { height: 2, width: 3, strideY: 10, strideX: 4 });
    const expected: number[] = [];
    for (const y of [0, 10]) {
      for (const x of [0, 4, 8]) {
        for (const half of [4, 8]) expected.push(x - half, y - half, x + half, y + half);
      }
    }
    expect([...anchors]).toEqual(expected);
  });
});

describe('default boxes of SSD300', () => {
  const maps = [38, 19, 10, 5, 3, 1].map((n) => [n, n] as const);
  const boxes = defaultBoxes(ssd300Plan, maps, { width: 300, height: 300 });

  it('are 8,732', () => {
    expect(boxes.length / 4).toBe(8732);
    const perPixel = [4, 6, 6, 6, 4, 4];
    perPixel.forEach((n, k) => expect(defaultBoxesPerPixel(ssd300Plan, k)).toBe(n));
  });

  it('begin with the four of the first pixel', () => {
    const [s, next] = [0.07 * 300, Math.sqrt(0.07 * 0.15) * 300];
    const sizes = [
      [s, s],
      [next, next],
      [s * Math.SQRT2, s / Math.SQRT2],
      [s / Math.SQRT2, s * Math.SQRT2],
    ];
    sizes.forEach(([w, h], i) => {
      const expected = [4 - w / 2, 4 - h / 2, 4 + w / 2, 4 + h / 2];
      expected.forEach((v, j) => expect(boxes[4 * i + j]).toBeCloseTo(v, 3));
    });
  });

  it('end at the middle of the picture, no larger than it', () => {
    const last = [...boxes.subarray(-16)];
    const [s, next] = [0.87 * 300, Math.sqrt(0.87 * 1.05) * 300];
    const wide = Math.min(300, s * Math.SQRT2);
    const sizes = [
      [s, s],
      [next, next],
      [wide, s / Math.SQRT2],
      [s / Math.SQRT2, wide],
    ];
    const expected = sizes.flatMap(([w, h]) => [
      150 - w / 2,
      150 - h / 2,
      150 + w / 2,
      150 + h / 2,
    ]);
    expected.forEach((v, i) => expect(last[i]).toBeCloseTo(v, 3));
  });

  it('may stand closer on one axis than on the other', () => {
    const plan = { scales: [0.5, 0.5], ratios: [[]], steps: [[40, 25] as const] };
    const boxes = defaultBoxes(plan, [[2, 3]], { width: 80, height: 60 });
    const centres = [20, 60].flatMap((y) => [12.5, 37.5, 62.5].map((x) => [x, y]));
    // Both squares are half of the picture.
    const expected = centres.flatMap(([x, y]) =>
      [0, 1].flatMap(() => [x - 20, y - 15, x + 20, y + 15]),
    );
    expect([...boxes]).toEqual(expected);
  });

  it('are for as many maps as the plan', () => {
    expect(() => defaultBoxes(ssd300Plan, [[1, 1]], { width: 300, height: 300 })).toThrow(
      'the plan is for 6 feature maps, got 1',
    );
  });
});
