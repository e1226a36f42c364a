/**
 * SSD's random views (Liu et al. 2016, section 2.2): the picture on a larger canvas, so that objects are small; and a part of it
 * that keeps some objects, chosen by how much it overlaps one of them. Both as torchvision has them (RandomZoomOut, RandomIoUCrop).
 */
import type { Box, Size } from '../pictures/fit.js';
import type { RandomStream } from '../random.js';

/** A region of a picture, and which objects remain in it. */
export interface View {
  readonly region: Box;
  readonly kept: readonly number[];
}

/** How much the crop must overlap an object; 1 stands for no crop at all. */
const MIN_OVERLAPS = [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1] as const;
const TRIALS = 40;
/** Share of a side that a crop has at least, and the ratios of its sides. */
const [SMALLEST_SIDE, LEAST_RATIO, MOST_RATIO] = [0.3, 0.5, 2];

/**
 * A canvas of 1 to `most` times the sides with the picture somewhere on it, as a region about the picture. Draws three
 * numbers: how large, left, top.
 */
export function drawCanvas({ width, height }: Size, most: number, random: RandomStream): Box {
  const factor = 1 + (most - 1) * random.uniform();
  const canvas = { width: Math.floor(width * factor), height: Math.floor(height * factor) };
  return {
    ...canvas,
    left: -Math.floor((canvas.width - width) * random.uniform()),
    top: -Math.floor((canvas.height - height) * random.uniform()),
  };
}

/**
 * A part of `region` with sides of 0.3 to 1 of it and a ratio of 1/2 to 2, that holds the centre of an object and overlaps one such
 * object by a drawn amount; the objects whose centre it holds remain. Forty tries for each drawn amount, then another is
 * drawn. Without objects: the whole region, nothing drawn.
 */
export function drawCrop(region: Box, boxes: ArrayLike<number>, random: RandomStream): View {
  const all = Array.from({ length: boxes.length / 4 }, (_, i) => i);
  if (all.length === 0) return { region, kept: all };
  for (;;) {
    const least = MIN_OVERLAPS[random.integer(MIN_OVERLAPS.length)];
    if (least === 1) return { region, kept: all };
    for (let trial = 0; trial < TRIALS; trial++) {
      const side = () => SMALLEST_SIDE + (1 - SMALLEST_SIDE) * random.uniform();
      const width = Math.floor(region.width * side());
      const height = Math.floor(region.height * side());
      const ratio = width / height;
      if (!(ratio >= LEAST_RATIO && ratio <= MOST_RATIO)) continue;
      const crop = {
        left: region.left + Math.floor((region.width - width) * random.uniform()),
        top: region.top + Math.floor((region.height - height) * random.uniform()),
        width,
        height,
      };
      const kept = all.filter((i) => holdsCentre(crop, boxes, i));
      if (kept.length === 0) continue;
      if (Math.max(...kept.map((i) => overlapOf(crop, boxes, i))) < least) continue;
      return { region: crop, kept };
    }
  }
}

function holdsCentre({ left, top, width, height }: Box, boxes: ArrayLike<number>, i: number) {
  const x = (boxes[4 * i] + boxes[4 * i + 2]) / 2;
  const y = (boxes[4 * i + 1] + boxes[4 * i + 3]) / 2;
  return x > left && x < left + width && y > top && y < top + height;
}

/** Intersection over union of a crop and object `i`. */
function overlapOf({ left, top, width, height }: Box, boxes: ArrayLike<number>, i: number): number {
  const [x1, y1, x2, y2] = [boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]];
  const across = Math.max(0, Math.min(x2, left + width) - Math.max(x1, left));
  const down = Math.max(0, Math.min(y2, top + height) - Math.max(y1, top));
  const common = across * down;
  return common / (width * height + (x2 - x1) * (y2 - y1) - common);
}
