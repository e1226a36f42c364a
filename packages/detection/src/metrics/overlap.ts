/**
 * How much two boxes have in common. Numbers are float64, whatever the arrays are.
 */

/** Square pixels that box `i` of `a` and box `j` of `b` share. */
function intersection(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number): number {
  const width = Math.min(a[4 * i + 2], b[4 * j + 2]) - Math.max(a[4 * i], b[4 * j]);
  const height = Math.min(a[4 * i + 3], b[4 * j + 3]) - Math.max(a[4 * i + 1], b[4 * j + 1]);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Square pixels of box `i`. */
export function boxArea(boxes: ArrayLike<number>, i: number): number {
  return (boxes[4 * i + 2] - boxes[4 * i]) * (boxes[4 * i + 3] - boxes[4 * i + 1]);
}

/** Intersection over union of box `i` of `a` and box `j` of `b`; 0 when both are without area. */
export function overlap(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number): number {
  const common = intersection(a, i, b, j);
  return common === 0 ? 0 : common / (boxArea(a, i) + boxArea(b, j) - common);
}

/**
 * COCO's overlap of a detection, box `i` of `a`, with a crowd, box `j` of `b`: intersection over the area of the
 * detection, because one of the crowd is much smaller than the crowd.
 */
export function crowdOverlap(
  a: ArrayLike<number>,
  i: number,
  b: ArrayLike<number>,
  j: number,
): number {
  const common = intersection(a, i, b, j);
  return common === 0 ? 0 : common / boxArea(a, i);
}
