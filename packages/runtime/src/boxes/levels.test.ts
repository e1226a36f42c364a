/** Levels of a pyramid: the equation with its logarithm, and its edges. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { flat, solidBox } from './boxes.fixture.js';
import { boxLevels } from './levels.js';

const square = (side: number) => flat([[10, 20, 10 + side, 20 + side]]);

it.each([
  [1, 0],
  [56, 0],
  [111, 0],
  [112, 1],
  [223, 1],
  [224, 2],
  [447, 2],
  [448, 3],
  [4000, 3],
])('a square of %i pixels is read from level %i of P2 to P5', (side, level) => {
  expect([...boxLevels(square(side), { first: 2, count: 4 })]).toEqual([level]);
});

it('is the equation', () => {
  fc.assert(
    fc.property(solidBox, ([x1, y1, x2, y2]) => {
      const side = Math.sqrt((x2 - x1) * (y2 - y1));
      const k = Math.floor(4 + Math.log2(side / 16) + 1e-6);
      const expected = Math.min(6, Math.max(3, k)) - 3;
      const levels = boxLevels(flat([[x1, y1, x2, y2]]), { first: 3, count: 4, s0: 16 });
      expect([...levels]).toEqual([expected]);
    }),
  );
});

it('knows boxes without area, no boxes, and a single level', () => {
  expect([...boxLevels(flat([[9, 9, 3, 3]]), { first: 2, count: 4 })]).toEqual([0]);
  expect(boxLevels(new Float32Array(0), { first: 2, count: 4 })).toHaveLength(0);
  expect([...boxLevels(square(900), { first: 4, count: 1 })]).toEqual([0]);
});
