/**
 * From the four numbers that a network gives for an anchor to a box (R-CNN, arXiv 1311.2524, appendix C): with the anchor's
 * centre (cx, cy) and size (w, h)
 *
 *     x = cx + w dx / wx      width  = w exp(min(dw / ww, log(1000 / 16)))
 *     y = cy + h dy / wy      height = h exp(min(dh / wh, log(1000 / 16)))
 *
 * The bound keeps exp from overflowing where a regression runs away: 62.5 times the anchor. In float64, with an exp that is
 * the same everywhere, rounded once to float32.
 */
import { exp } from '../kernels/exp.js';
import type { Boxes } from './box.js';

/** What the network's numbers dx, dy, dw, dh are multiples of, inverted: (10, 10, 5, 5) makes targets of unit size. */
export type BoxWeights = readonly [x: number, y: number, width: number, height: number];

/** log(1000 / 16), spelt out because Math.log need not be the same everywhere. */
export const mostLogGrowth = 4.135166556742356;

/**
 * @param anchors the boxes that the numbers are relative to.
 * @param deltas dx, dy, dw, dh, one set for each anchor or several (one for each class), those of an anchor together.
 * @returns a box for each set.
 */
export function decodeBoxes(anchors: Boxes, deltas: Float32Array, weights: BoxWeights): Boxes {
  const out = new Float32Array(deltas.length);
  const sets = anchors.length === 0 ? 0 : deltas.length / anchors.length;
  if (!Number.isInteger(sets) || (anchors.length === 0 && deltas.length > 0)) {
    throw new RangeError(
      `${deltas.length} numbers are no whole sets for ${anchors.length / 4} anchors`,
    );
  }
  const [wx, wy, ww, wh] = weights;
  for (let at = 0; at < deltas.length; at += 4) {
    const anchor = 4 * Math.floor(at / (4 * sets));
    const width = anchors[anchor + 2] - anchors[anchor];
    const height = anchors[anchor + 3] - anchors[anchor + 1];
    const x = anchors[anchor] + 0.5 * width + (deltas[at] / wx) * width;
    const y = anchors[anchor + 1] + 0.5 * height + (deltas[at + 1] / wy) * height;
    const halfWidth = 0.5 * width * exp(Math.min(deltas[at + 2] / ww, mostLogGrowth));
    const halfHeight = 0.5 * height * exp(Math.min(deltas[at + 3] / wh, mostLogGrowth));
    out[at] = x - halfWidth;
    out[at + 1] = y - halfHeight;
    out[at + 2] = x + halfWidth;
    out[at + 3] = y + halfHeight;
  }
  return out;
}
