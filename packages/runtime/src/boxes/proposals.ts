/**
 * From a region proposal network's numbers to the boxes that the head looks at (Faster R-CNN, arXiv 1506.01497; FPN, arXiv
 * 1612.03144), as torchvision does it: the best of each level, decoded, clipped to the picture, small ones dropped, overlaps
 * suppressed level by level, and of what is left the best over all levels.
 */
import { bestFirst, bestFirstBytes } from './best.js';
import { clipBoxes, isAtLeast, takeBoxes, type Boxes, type PictureSize } from './box.js';
import { decodeBoxes, type BoxWeights } from './decode.js';
import { NotFiniteError } from './not-finite.js';
import { suppressionBytes, suppressOverlaps } from './suppression.js';

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
 * Most bytes that `selectProposals` takes for levels of so many anchors: of the best of each their order, anchors, deltas and boxes; of
 * all of them box, score and level, what their suppression takes, and what stays.
 */
export function proposalBytes(
  anchors: readonly number[],
  { before, after }: Pick<ProposalOptions, 'before' | 'after'>,
): number {
  const most = anchors.reduce((sum, count) => sum + Math.min(count, before), 0);
  const orders = anchors.reduce((sum, count) => sum + bestFirstBytes(count, before), 0);
  const stays = Math.min(after, most);
  return orders + (3 * 16 + 16 + 2 * 4) * most + suppressionBytes(most, after) + (16 + 4) * stays;
}

/**
 * The proposals of one picture, perhaps none; `scores` are logits. (torchvision orders by their sigmoid, which is the same
 * order, but makes equal what is nearly so.)
 *
 * @throws NotFiniteError naming the level where a logit or a box is NaN.
 */
export function selectProposals(
  levels: readonly LevelOutput[],
  picture: PictureSize,
  options: ProposalOptions,
): ScoredBoxes {
  const most = levels.reduce(
    (sum, { objectness }) => sum + Math.min(objectness.length, options.before),
    0,
  );
  const boxes = new Float32Array(4 * most);
  const scores = new Float32Array(most);
  const groups = new Int32Array(most);
  let count = 0;
  levels.forEach(({ anchors, objectness, deltas }, level) => {
    if (objectness.some(Number.isNaN)) {
      throw new NotFiniteError(`the objectness of level ${level} holds a NaN`);
    }
    const best = bestFirst(objectness, options.before);
    const decoded = decodeBoxes(takeBoxes(anchors, best), takeBoxes(deltas, best), options.weights);
    if (decoded.some(Number.isNaN)) {
      throw new NotFiniteError(`the boxes of level ${level} hold a NaN`);
    }
    clipBoxes(decoded, picture);
    best.forEach((anchor, i) => {
      if (!isAtLeast(decoded, i, options.smallest)) return;
      boxes.set(decoded.subarray(4 * i, 4 * i + 4), 4 * count);
      scores[count] = objectness[anchor];
      groups[count] = level;
      count++;
    });
  });
  const all = boxes.subarray(0, 4 * count);
  const kept = suppressOverlaps(all, scores.subarray(0, count), {
    threshold: options.threshold,
    groups: groups.subarray(0, count),
    most: options.after,
  });
  return { boxes: takeBoxes(all, kept), scores: Float32Array.from(kept, (i) => scores[i]) };
}
