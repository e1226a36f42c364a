/**
 * Anchors: the boxes that a network's numbers are relative to, a few of different size and shape at every pixel of a feature
 * map (Faster R-CNN, arXiv 1506.01497, 3.1.1). As torchvision makes them: shapes around the origin rounded to whole pixels
 * (halves to the even one), in float32, then shifted by the stride. The first anchor's centre is the picture's corner.
 */
import type { Boxes } from './box.js';

export interface AnchorShapes {
  /** Square roots of the areas, in pixels of the picture. */
  readonly sizes: readonly number[];
  /** Height over width. */
  readonly ratios: readonly number[];
}

/** A feature map: rows, columns, and the distance of its pixels in the picture. */
export interface AnchorGrid {
  readonly height: number;
  readonly width: number;
  readonly strideY: number;
  readonly strideX: number;
}

/** The anchors around the origin: for each ratio all sizes. */
export function anchorShapes({ sizes, ratios }: AnchorShapes): Boxes {
  const boxes: number[] = [];
  const round = Math.fround;
  for (const ratio of ratios) {
    const tall = round(Math.sqrt(round(ratio)));
    const wide = round(1 / tall);
    for (const size of sizes) {
      const x = halfEven(round(wide * round(size)) / 2);
      const y = halfEven(round(tall * round(size)) / 2);
      boxes.push(-x, -y, x, y);
    }
  }
  return Float32Array.from(boxes);
}

/** The anchors of a feature map: row by row, in a row pixel by pixel, at a pixel in the order of `anchorShapes`. */
export function gridAnchors(shapes: AnchorShapes, grid: AnchorGrid): Boxes {
  const base = anchorShapes(shapes);
  const boxes = new Float32Array(grid.height * grid.width * base.length);
  let at = 0;
  for (let row = 0; row < grid.height; row++) {
    for (let column = 0; column < grid.width; column++) {
      for (let i = 0; i < base.length; i++) {
        boxes[at++] = base[i] + (i % 2 === 0 ? column * grid.strideX : row * grid.strideY);
      }
    }
  }
  return boxes;
}

/** To the nearest whole number, halves to the even one, as float arithmetic rounds. @param value not negative. */
function halfEven(value: number): number {
  const below = Math.floor(value);
  const over = value - below;
  if (over !== 0.5) return over < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
