import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.js';
import { boxesInPicture, placeBoxes, placeRegion } from './placement.js';
import { drawPlacement } from './plan.js';
import { checkSize, drawSize, largestSize } from './sizes.js';
import { drawCanvas, drawCrop } from './ssd-crop.js';

const picture = { width: 40, height: 20 };
const whole = { left: 0, top: 0, ...picture };

describe('where a picture comes to lie', () => {
  it('the whole picture, half as wide and as high again', () => {
    const placed = placeRegion(picture, whole, { width: 20, height: 30 }, false, [0]);
    expect(placed).toMatchObject({
      source: whole,
      target: { left: 0, top: 0, width: 20, height: 30 },
    });
    expect([...placeBoxes([4, 2, 40, 20], placed)]).toEqual([2, 3, 20, 30]);
  });

  it('mirrored: distances from the left become distances from the right', () => {
    const placed = placeRegion(picture, whole, { width: 20, height: 30 }, true, [0]);
    // 4 .. 40 of 40 is 2 .. 20 of 20, and from the right 0 .. 18.
    expect([...placeBoxes([4, 2, 40, 20], placed)]).toEqual([0, 3, 18, 30]);
  });

  it('a part: boxes are cut at its edges, those that are not kept are gone', () => {
    const part = { left: 10, top: 5, width: 20, height: 10 };
    const placed = placeRegion(picture, part, { width: 40, height: 20 }, false, [1]);
    expect(placed).toMatchObject({
      source: part,
      target: { left: 0, top: 0, width: 40, height: 20 },
    });
    const boxes = [0, 0, 1, 1, 5, 6, 20, 30];
    expect([...placeBoxes(boxes, placed)]).toEqual([0, 2, 20, 20]);
  });

  it('a larger canvas: the picture lies in it, its boxes with it', () => {
    const canvas = { left: -20, top: -10, width: 80, height: 40 };
    const placed = placeRegion(picture, canvas, { width: 40, height: 20 }, false, [0]);
    expect(placed).toMatchObject({
      source: whole,
      target: { left: 10, top: 5, width: 20, height: 10 },
    });
    expect([...placeBoxes([0, 0, 40, 20], placed)]).toEqual([10, 5, 30, 15]);
  });

  it('boxesInPicture goes back', () => {
    fc.assert(
      fc.property(fc.nat(9999), fc.boolean(), (seed, crop) => {
        const boxes = Float32Array.of(3, 2, 17, 9, 20, 5, 39, 19);
        const augmentation = { flip: 0.5, crop, expand: { probability: 0.5 } };
        const size = { shortSide: { from: 10, to: 60 }, longSide: 80 };
        const random = randomStream(seed, 'test');
        const placed = drawPlacement({ ...picture, boxes }, { size, augmentation }, random);
        const back = boxesInPicture(placeBoxes(boxes, placed), placed, picture);
        const { left, top, scaleX, scaleY } = placed;
        const right = left + placed.width / scaleX;
        const bottom = top + placed.height / scaleY;
        placed.kept.forEach((i, k) => {
          // What is seen of the box.
          const seen = [
            Math.max(boxes[4 * i], left),
            Math.max(boxes[4 * i + 1], top),
            Math.min(boxes[4 * i + 2], right),
            Math.min(boxes[4 * i + 3], bottom),
          ];
          seen.forEach((value, n) => expect(back[4 * k + n]).toBeCloseTo(value, 3));
        });
      }),
      { numRuns: 300 },
    );
  });

  it('whatever is drawn, all lies within, and every kept box has an area', () => {
    fc.assert(
      fc.property(
        fc.nat(99999),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        (seed, width, height) => {
          const random = randomStream(seed, 'test');
          const boxes = Float32Array.of(0, 0, 1, 1, width / 2, height / 3, width, height);
          const augmentation = { flip: 0.5, crop: true, expand: { probability: 0.5 } };
          const size = { width: 30, height: 20 };
          const placed = drawPlacement({ width, height, boxes }, { size, augmentation }, random);
          const { source, target, kept } = placed;
          expect([placed.width, placed.height]).toEqual([30, 20]);
          expect(source.left >= 0 && source.left + source.width <= width).toBe(true);
          expect(source.top >= 0 && source.top + source.height <= height).toBe(true);
          expect(source.width >= 1 && source.height >= 1).toBe(true);
          expect(target.left >= 0 && target.left + target.width <= 30).toBe(true);
          expect(target.top >= 0 && target.top + target.height <= 20).toBe(true);
          expect(target.width >= 1 && target.height >= 1 && kept.length >= 1).toBe(true);
          const placedBoxes = placeBoxes(boxes, placed);
          kept.forEach((_, k) => {
            const [x1, y1, x2, y2] = placedBoxes.subarray(4 * k, 4 * k + 4);
            expect(x1 >= 0 && x2 <= 30 && y1 >= 0 && y2 <= 20 && x2 > x1 && y2 > y1).toBe(true);
          });
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('sizes', () => {
  const at = (width: number, height: number, shortSide: number, longSide: number) =>
    drawSize({ shortSide, longSide }, randomStream(1, 'x'))({ width, height });

  it.each([
    [640, 480, 240, 320, 320, 240],
    [500, 375, 600, 1000, 800, 600],
    [1000, 300, 600, 1000, 1000, 300], // the long side stops it
    [300, 1000, 600, 500, 150, 500],
    [333, 500, 600, 1000, 600, 901], // 500 * 600 / 333 = 900.9
    [1000, 2, 100, 100, 100, 1],
  ])('%i x %i, short side %i, long side %i: %i x %i', (w, h, short, long, width, height) => {
    expect(at(w, h, short, long)).toEqual({ width, height });
  });

  it('draws each of a list and of a range, and nothing where there is no choice', () => {
    const drawn = (shortSide: readonly number[] | { from: number; to: number }) =>
      new Set(
        Array.from({ length: 100 }, (_, seed) => {
          const rule = drawSize({ shortSide, longSide: 100 }, randomStream(seed, 'x'));
          return rule({ width: 10, height: 10 }).width;
        }),
      );
    expect([...drawn([16, 24, 32])].sort()).toEqual([16, 24, 32]);
    expect([...drawn({ from: 5, to: 8 })].sort()).toEqual([5, 6, 7, 8]);
    const stream = randomStream(1, 'x');
    drawSize({ shortSide: [16], longSide: 100 }, stream);
    expect(stream.nextUint32()).toBe(randomStream(1, 'x').nextUint32());
  });

  it('the largest size bounds every drawn one', () => {
    const size = { shortSide: [10, 30, 20], longSide: 40 };
    expect(largestSize({ width: 20, height: 10 }, size)).toEqual({ width: 40, height: 20 });
    expect(largestSize({ width: 10, height: 10 }, size)).toEqual({ width: 30, height: 30 });
  });

  it.each([
    [{ shortSide: 0, longSide: 10 }, /size\.shortSide must be an integer in 1 to 8192, got 0/],
    [{ shortSide: [], longSide: 10 }, /must not be an empty list/],
    [
      { shortSide: 20, longSide: 10 },
      /size\.longSide must be at least size\.shortSide, 20, got 10/,
    ],
    [{ shortSide: { from: 8, to: 4 }, longSide: 10 }, /must not end before it begins, got 8 to 4/],
    [{ width: 1.5, height: 3 }, /size\.width must be an integer/],
  ])('refuses %j', (size, message) => {
    expect(() => checkSize(size)).toThrow(message);
  });
});

describe("SSD's views", () => {
  it('the canvas holds the whole picture', () => {
    for (let seed = 0; seed < 200; seed++) {
      const { left, top, width, height } = drawCanvas(picture, 4, randomStream(seed, 'x'));
      expect(left <= 0 && top <= 0).toBe(true);
      expect(left + width >= 40 && top + height >= 20).toBe(true);
      expect(width <= 160 && height <= 80).toBe(true);
    }
  });

  it('a crop keeps exactly the objects whose centres it holds, and has allowed sides', () => {
    const boxes = [0, 0, 10, 10, 30, 10, 40, 20, 0, 0, 40, 20];
    const centres = [
      [5, 5],
      [35, 15],
      [20, 10],
    ];
    let cropped = 0;
    for (let seed = 0; seed < 300; seed++) {
      const { region, kept } = drawCrop(whole, boxes, randomStream(seed, 'x'));
      const { left, top, width, height } = region;
      if (width === 40 && height === 20) continue;
      cropped++;
      expect(kept).toEqual(
        [0, 1, 2].filter((i) => {
          const [x, y] = centres[i];
          return x > left && x < left + width && y > top && y < top + height;
        }),
      );
      expect(kept.length).toBeGreaterThan(0);
      expect(width >= 12 && width <= 40 && height >= 6 && height <= 20).toBe(true);
      expect(width / height >= 0.5 && width / height <= 2).toBe(true);
    }
    expect(cropped).toBeGreaterThan(150);
  });

  it('without objects there is no crop, and nothing is drawn', () => {
    const stream = randomStream(3, 'x');
    expect(drawCrop(whole, [], stream)).toEqual({ region: whole, kept: [] });
    expect(stream.nextUint32()).toBe(randomStream(3, 'x').nextUint32());
  });
});
