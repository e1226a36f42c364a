/**
 * Boxes of pixels as a detector has them: four float32 each, x1, y1, x2, y2, in the coordinates of the resized picture. A box
 * covers the continuous range from (x1, y1) to (x2, y2): its width is x2 - x1, without the + 1 of whole pixels.
 */

/** Boxes one behind the other, four numbers each. */
export type Boxes = Float32Array;

/** A picture's size in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Area of box i; 0 where a corner lies on the wrong side of the other. */
export function boxArea(boxes: Boxes, i: number): number {
  const width = boxes[4 * i + 2] - boxes[4 * i];
  const height = boxes[4 * i + 3] - boxes[4 * i + 1];
  return width > 0 && height > 0 ? width * height : 0;
}

/**
 * Intersection over union (Jaccard index) of box i of `a` and box j of `b`, in [0, 1], in float64. 0 for boxes without area,
 * where the ratio has no value.
 */
export function boxOverlap(a: Boxes, i: number, b: Boxes, j: number): number {
  const [p, q] = [4 * i, 4 * j];
  const width = Math.min(a[p + 2], b[q + 2]) - Math.max(a[p], b[q]);
  const height = Math.min(a[p + 3], b[q + 3]) - Math.max(a[p + 1], b[q + 1]);
  if (!(width > 0 && height > 0)) return 0;
  const shared = width * height;
  return shared / (boxArea(a, i) + boxArea(b, j) - shared);
}

/** Moves every corner that lies outside the picture to its border, in place. */
export function clipBoxes(boxes: Boxes, { width, height }: PictureSize): void {
  for (let i = 0; i < boxes.length; i++) {
    const most = i % 2 === 0 ? width : height;
    if (boxes[i] < 0) boxes[i] = 0;
    else if (boxes[i] > most) boxes[i] = most;
  }
}

/** The boxes with these numbers, in their order. */
export function takeBoxes(boxes: Boxes, indices: ArrayLike<number>): Boxes {
  const taken = new Float32Array(4 * indices.length);
  for (let n = 0; n < indices.length; n++) {
    taken.set(boxes.subarray(4 * indices[n], 4 * indices[n] + 4), 4 * n);
  }
  return taken;
}

/**
 * Whether box i is at least `smallest` pixels wide and high. (A regression may fold a box to nothing, and clipping does so
 * with one outside the picture.)
 */
export function isAtLeast(boxes: Boxes, i: number, smallest: number): boolean {
  const width = boxes[4 * i + 2] - boxes[4 * i];
  const height = boxes[4 * i + 3] - boxes[4 * i + 1];
  return width >= smallest && height >= smallest;
}
