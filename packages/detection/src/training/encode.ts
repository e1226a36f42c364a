/**
 * What a network shall say of an anchor so that decoding gives the true box, the inverse of `decodeBoxes` (R-CNN, arXiv
 * 1311.2524, appendix C): dx = wx (x - cx) / w, dw = ww log(width / w).
 */
import type { boxes } from '@surge-bnn/runtime';

/**
 * @param truth the box that each anchor shall become; as many as anchors.
 * @returns dx, dy, dw, dh for each anchor.
 * @throws RangeError for a box without area, which no anchor can become.
 */
export function encodeBoxes(
  anchors: boxes.Boxes,
  truth: boxes.Boxes,
  [wx, wy, ww, wh]: boxes.BoxWeights,
): Float32Array {
  if (anchors.length !== truth.length) {
    throw new RangeError(
      `${anchors.length / 4} anchors need as many boxes, got ${truth.length / 4}`,
    );
  }
  const deltas = new Float32Array(anchors.length);
  for (let at = 0; at < anchors.length; at += 4) {
    const from = centred(anchors, at);
    const to = centred(truth, at);
    if (![from.width, from.height, to.width, to.height].every((side) => side > 0)) {
      throw new RangeError(`box ${at / 4} or its anchor has no area`);
    }
    deltas[at] = (wx * (to.x - from.x)) / from.width;
    deltas[at + 1] = (wy * (to.y - from.y)) / from.height;
    deltas[at + 2] = ww * Math.log(to.width / from.width);
    deltas[at + 3] = wh * Math.log(to.height / from.height);
  }
  return deltas;
}

function centred(boxes: boxes.Boxes, at: number) {
  const [width, height] = [boxes[at + 2] - boxes[at], boxes[at + 3] - boxes[at + 1]];
  return { width, height, x: boxes[at] + 0.5 * width, y: boxes[at + 1] + 0.5 * height };
}
