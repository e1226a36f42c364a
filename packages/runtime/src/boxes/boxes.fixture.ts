/** Drawn boxes for the tests of this folder. */
import fc from 'fast-check';

export type Box = [x1: number, y1: number, x2: number, y2: number];

/** Boxes on a grid of eighths of a pixel, so that all areas are exact; some without area, some turned inside out. */
export const box = fc
  .tuple(...Array.from({ length: 4 }, () => fc.integer({ min: -8, max: 80 })))
  .map((corners) => corners.map((v) => v / 8) as Box);

/** Boxes with area. */
export const solidBox = fc
  .tuple(
    fc.integer({ min: -8, max: 64 }),
    fc.integer({ min: -8, max: 64 }),
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 40 }),
  )
  .map(([x, y, w, h]): Box => [x / 8, y / 8, (x + w) / 8, (y + h) / 8]);

export function flat(boxes: readonly Box[]): Float32Array {
  return Float32Array.from(boxes.flat());
}

/** Intersection over union by counting cells of 1/8 pixel: no formula for rectangles in it. */
export function countedOverlap(a: Box, b: Box): number {
  const cells = ([x1, y1, x2, y2]: Box): Set<string> => {
    const all = new Set<string>();
    for (let x = 8 * x1; x < 8 * x2; x++)
      for (let y = 8 * y1; y < 8 * y2; y++) all.add(`${x},${y}`);
    return all;
  };
  const [ofA, ofB] = [cells(a), cells(b)];
  const shared = [...ofA].filter((cell) => ofB.has(cell)).length;
  return shared === 0 ? 0 : shared / (ofA.size + ofB.size - shared);
}
