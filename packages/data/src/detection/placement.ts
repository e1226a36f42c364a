/**
 * Where a picture and its boxes come to lie in a batch: which part of it is seen, how large, mirrored or not. One affine map on each
 * axis, x' = (x - left) * scaleX, holds for pixels and boxes alike; `left` and `top` are negative where the picture was
 * put onto a larger canvas.
 */
import type { Box, Size } from '../pictures/fit.js';

export interface Placement extends Size {
  /** The part of the stored picture that is seen, in whole pixels of it. */
  readonly source: Box;
  /** Where that part comes to lie, in whole pixels of the result, before mirroring. */
  readonly target: Box;
  readonly left: number;
  readonly top: number;
  readonly scaleX: number;
  readonly scaleY: number;
  /** Left and right are exchanged, last of all. */
  readonly flipped: boolean;
  /** Which objects remain, by their places. */
  readonly kept: readonly number[];
}

/**
 * The view of a region (which may reach beyond the picture) at a size.
 *
 * @param kept the objects that remain.
 */
export function placeRegion(
  picture: Size,
  region: Box,
  size: Size,
  flipped: boolean,
  kept: readonly number[],
): Placement {
  const scaleX = size.width / region.width;
  const scaleY = size.height / region.height;
  const right = Math.min(picture.width, region.left + region.width);
  const bottom = Math.min(picture.height, region.top + region.height);
  const source = {
    left: Math.max(0, region.left),
    top: Math.max(0, region.top),
    width: right - Math.max(0, region.left),
    height: bottom - Math.max(0, region.top),
  };
  const across = span(source.left - region.left, source.width, scaleX, size.width);
  const down = span(source.top - region.top, source.height, scaleY, size.height);
  return {
    ...size,
    source,
    target: { left: across.from, width: across.length, top: down.from, height: down.length },
    left: region.left,
    top: region.top,
    scaleX,
    scaleY,
    flipped,
    kept,
  };
}

/** Whole pixels nearest to a scaled span, at least one, within the whole. */
function span(from: number, length: number, scale: number, whole: number) {
  const first = Math.min(whole - 1, Math.round(from * scale));
  const last = Math.max(first + 1, Math.min(whole, Math.round((from + length) * scale)));
  return { from: first, length: last - first };
}

/** The kept boxes where they come to lie, within the result: four numbers each. */
export function placeBoxes(boxes: ArrayLike<number>, placement: Placement): Float32Array {
  const { left, top, scaleX, scaleY, width, height, flipped, kept } = placement;
  const placed = new Float32Array(4 * kept.length);
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  kept.forEach((from, to) => {
    const x1 = within((boxes[4 * from] - left) * scaleX, width);
    const x2 = within((boxes[4 * from + 2] - left) * scaleX, width);
    placed[4 * to] = flipped ? width - x2 : x1;
    placed[4 * to + 1] = within((boxes[4 * from + 1] - top) * scaleY, height);
    placed[4 * to + 2] = flipped ? width - x1 : x2;
    placed[4 * to + 3] = within((boxes[4 * from + 3] - top) * scaleY, height);
  });
  return placed;
}

/** Boxes of a batch's picture, such as a detector finds them, in pixels of the stored picture; clipped to it. */
export function boxesInPicture(
  boxes: ArrayLike<number>,
  target: Pick<Placement, 'left' | 'top' | 'scaleX' | 'scaleY' | 'flipped' | 'width'>,
  picture: Size,
): Float32Array {
  const { left, top, scaleX, scaleY, flipped, width } = target;
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  return Float32Array.from({ length: boxes.length }, (_, k) => {
    if (k % 2 === 1) return within(boxes[k] / scaleY + top, picture.height);
    // Mirrored, the left edge comes from the right one.
    const x = flipped ? width - boxes[k % 4 === 0 ? k + 2 : k - 2] : boxes[k];
    return within(x / scaleX + left, picture.width);
  });
}
