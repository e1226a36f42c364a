/**
 * From a region proposal network's numbers to the boxes that the head looks at (Faster R-CNN, arXiv 1506.01497; FPN, arXiv
 * 1612.03144), as torchvision does it: the best of each level, decoded, clipped to the picture, small ones dropped, overlaps
 * suppressed level by level, and of what is left the best over all levels.
 */
import { bestFirst } from './best.js';
import { clipBoxes, isAtLeast, takeBoxes, type Boxes, type PictureSize } from './box.js';
import { decodeBoxes, type BoxWeights } from './decode.js';
import { suppressOverlaps } from './suppression.js';

/** What the network says of one level of one picture; the same order in all three. */
export interface LevelOutput {
  readonly anchors: Boxes;
  /** One logit for each anchor. */
  readonly objectness: Float32Array;
  /** dx, dy, dw, dh for each anchor. */
  readonly deltas: Float32Array;
}

export interface ProposalOptions {
  /** How many of each level go into the suppression, and how many of all levels come out of it. */
  readonly before: number;
  readonly after: number;
  /** Overlap above which the worse box goes. torchvision: 0.7. */
  readonly threshold: number;
  /** Least width and height in pixels. torchvision: 0.001. */
  readonly smallest: number;
  readonly weights: BoxWeights;
}

/** Boxes with their scores, best first. */
export interface ScoredBoxes {
  readonly boxes: Boxes;
  readonly scores: Float32Array;
}

/**
 * The proposals of one picture, perhaps none; `scores` are logits. (torchvision orders by their sigmoid, which is the same
 * order, but makes equal what is nearly so.)
 *
 * @throws RangeError naming the level where a logit or a box is NaN.
 */
export function selectProposals(
  levels: readonly LevelOutput[],
  picture: PictureSize,
  options: ProposalOptions,
): ScoredBoxes {
  const boxes: number[] = [];
  const scores: number[] = [];
  const groups: number[] = [];
  levels.forEach(({ anchors, objectness, deltas }, level) => {
    if (objectness.some(Number.isNaN)) {
      throw new RangeError(`the objectness of level ${level} holds a NaN`);
    }
    const best = bestFirst(objectness, options.before);
    const decoded = decodeBoxes(takeBoxes(anchors, best), takeBoxes(deltas, best), options.weights);
    if (decoded.some(Number.isNaN)) {
      throw new RangeError(`the boxes of level ${level} hold a NaN`);
    }
    clipBoxes(decoded, picture);
    best.forEach((anchor, i) => {
      if (!isAtLeast(decoded, i, options.smallest)) return;
      boxes.push(...decoded.subarray(4 * i, 4 * i + 4));
      scores.push(objectness[anchor]);
      groups.push(level);
    });
  });
  const all = Float32Array.from(boxes);
  const kept = suppressOverlaps(all, Float32Array.from(scores), {
    threshold: options.threshold,
    groups: Int32Array.from(groups),
    most: options.after,
  });
  return { boxes: takeBoxes(all, kept), scores: Float32Array.from(kept, (i) => scores[i]) };
}
