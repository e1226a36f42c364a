/** What the tests of the metrics share: pictures written down shortly, drawn ones, and overlaps by counting. */
import fc from 'fast-check';
import type { PictureDetections, PictureTruth } from './boxes.js';

export type Corners = readonly [number, number, number, number];

export interface Thing {
  readonly box: Corners;
  readonly label?: number;
  readonly difficult?: boolean;
  readonly crowd?: boolean;
  readonly area?: number;
}

export interface Find {
  readonly box: Corners;
  readonly score: number;
  readonly label?: number;
}

export function truthOf(things: readonly Thing[]): PictureTruth {
  return {
    boxes: Float32Array.from(things.flatMap(({ box }) => box)),
    classes: Int32Array.from(things, ({ label = 0 }) => label),
    difficult: Uint8Array.from(things, ({ difficult = false }) => Number(difficult)),
    crowd: Uint8Array.from(things, ({ crowd = false }) => Number(crowd)),
    areas: things.map(({ box: [x1, y1, x2, y2], area = (x2 - x1) * (y2 - y1) }) => area),
  };
}

export function detectionsOf(finds: readonly Find[]): PictureDetections {
  return {
    boxes: Float32Array.from(finds.flatMap(({ box }) => box)),
    scores: finds.map(({ score }) => score),
    classes: Int32Array.from(finds, ({ label = 0 }) => label),
  };
}

/** Overlap of two boxes of whole numbers by counting their unit squares; over the union or, for crowds, over `a`. */
export function countedOverlap(a: Corners, b: Corners, overA = false): number {
  let [both, either, first] = [0, 0, 0];
  const isIn = ([x1, y1, x2, y2]: Corners, x: number, y: number) =>
    x >= x1 && x < x2 && y >= y1 && y < y2;
  for (let y = Math.min(a[1], b[1]); y < Math.max(a[3], b[3]); y++) {
    for (let x = Math.min(a[0], b[0]); x < Math.max(a[2], b[2]); x++) {
      const [inA, inB] = [isIn(a, x, y), isIn(b, x, y)];
      if (inA) first++;
      if (inA && inB) both++;
      if (inA || inB) either++;
    }
  }
  return both === 0 ? 0 : both / (overA ? first : either);
}

const box = (most: number): fc.Arbitrary<Corners> =>
  fc
    .tuple(
      fc.nat(8),
      fc.nat(8),
      fc.integer({ min: 1, max: most }),
      fc.integer({ min: 1, max: most }),
    )
    .map(([x, y, width, height]) => [x, y, x + width, y + height]);

/** A few pictures of a few small boxes with scores from a few values: overlaps and scores tie. */
export const drawnPictures = fc.array(
  fc.record({
    things: fc.array(
      fc.record({
        box: box(6),
        label: fc.nat(1),
        difficult: fc.boolean(),
        crowd: fc.integer({ min: 0, max: 3 }).map((value) => value === 0),
        area: fc.constantFrom(10, 1024, 3000, 9216, 20_000),
      }),
      { maxLength: 5 },
    ),
    finds: fc.array(
      fc.record({
        box: box(6),
        score: fc.integer({ min: 1, max: 4 }).map((value) => value / 4),
        label: fc.nat(1),
      }),
      { maxLength: 6 },
    ),
  }),
  { minLength: 1, maxLength: 4 },
);
