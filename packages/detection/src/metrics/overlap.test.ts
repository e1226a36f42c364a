import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countedOverlap, type Corners } from './metrics.fixture.js';
import { crowdOverlap, overlap } from './overlap.js';

const corners = fc
  .tuple(fc.nat(9), fc.nat(9), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .map(([x, y, width, height]): Corners => [x, y, x + width, y + height]);

it('overlaps are what counting unit squares gives', () => {
  fc.assert(
    fc.property(corners, corners, (a, b) => {
      expect(overlap(a, 0, b, 0)).toBe(countedOverlap(a, b));
      expect(overlap(a, 0, b, 0)).toBe(overlap(b, 0, a, 0));
      expect(crowdOverlap(a, 0, b, 0)).toBe(countedOverlap(a, b, true));
    }),
  );
});

it('boxes without area overlap nothing, not even themselves', () => {
  const flat = [3, 3, 3, 8];
  expect(overlap(flat, 0, flat, 0)).toBe(0);
  expect(crowdOverlap(flat, 0, [0, 0, 9, 9], 0)).toBe(0);
});

it('takes box i of many', () => {
  const boxes = [0, 0, 1, 1, 0, 0, 2, 2];
  expect(overlap(boxes, 1, boxes, 0)).toBe(0.25);
});
