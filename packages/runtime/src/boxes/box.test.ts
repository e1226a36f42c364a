/** Overlaps, areas, clipping: against counted cells and cases by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxArea, boxOverlap, clipBoxes, isAtLeast, takeBoxes } from './box.js';
import { box, countedOverlap, flat, type Box } from './boxes.fixture.js';

describe('boxOverlap', () => {
  it.each<[Box, Box, number]>([
    [[0, 0, 10, 10], [0, 0, 10, 10], 1],
    [[0, 0, 10, 10], [5, 0, 15, 10], 50 / 150],
    [[0, 0, 10, 10], [10, 0, 20, 10], 0],
    [[0, 0, 10, 10], [2, 3, 4, 8], 10 / 100],
    [[-5, -5, 5, 5], [0, 0, 5, 5], 25 / 100],
    [[3, 3, 3, 9], [3, 3, 3, 9], 0],
    [[9, 9, 1, 1], [0, 0, 10, 10], 0],
  ])('%j and %j share %f', (a, b, expected) => {
    expect(boxOverlap(flat([a]), 0, flat([b]), 0)).toBeCloseTo(expected, 12);
  });

  it('counts cells, is symmetric, and 1 for a box with itself', () => {
    fc.assert(
      fc.property(box, box, (a, b) => {
        const both = flat([a, b]);
        const value = boxOverlap(both, 0, both, 1);
        expect(value).toBeCloseTo(countedOverlap(a, b), 12);
        expect(boxOverlap(both, 1, both, 0)).toBe(value);
        expect(boxOverlap(both, 0, both, 0)).toBe(boxArea(both, 0) > 0 ? 1 : 0);
      }),
      { numRuns: 60 },
    );
  });
});

it('clips to the picture, in place, and leaves a NaN', () => {
  const boxes = flat([
    [-3, -4, 120, 90],
    [130, 10, 140, 20],
    [1, 2, 3, 4],
    [NaN, 0, 1, 1],
  ]);
  clipBoxes(boxes, { width: 100, height: 80 });
  expect([...boxes]).toEqual([0, 0, 100, 80, 100, 10, 100, 20, 1, 2, 3, 4, NaN, 0, 1, 1]);
  expect(isAtLeast(boxes, 1, 1e-3)).toBe(false);
  expect(isAtLeast(boxes, 2, 2)).toBe(true);
  expect(isAtLeast(boxes, 3, 0)).toBe(false);
});

it('takes boxes by their numbers', () => {
  const boxes = flat([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
  ]);
  expect([...takeBoxes(boxes, [1, 0, 1])]).toEqual([4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7]);
  expect(takeBoxes(boxes, [])).toHaveLength(0);
});
