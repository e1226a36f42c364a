/**
 * From boxes and class probabilities to what a detector says of a picture: every class of every box for itself, above a
 * least score, overlaps suppressed within the class, and the best of all.
 */
import { bestFirst } from './best.js';
import { isAtLeast, takeBoxes, type Boxes } from './box.js';
import type { ScoredBoxes } from './proposals.js';
import { suppressOverlaps } from './suppression.js';

export interface DetectionOptions {
  /** A score must be above this. torchvision: 0.05 in Faster R-CNN, 0.01 in SSD. */
  readonly leastScore: number;
  /** Overlap with a better box of the class above which a box goes. 0.5 in Faster R-CNN, 0.45 in SSD. */
  readonly threshold: number;
  /** How many boxes a picture has at most. 100 in Faster R-CNN, 200 in SSD. */
  readonly most: number;
  /** How many of a class go into the suppression: 400 in SSD. Default: all. */
  readonly perClass?: number;
  /** Least width and height in pixels. 0.01 in Faster R-CNN. Default 0. */
  readonly smallest?: number;
}

/** Best first; classes count from 1, because 0 is the background. */
export interface Detections extends ScoredBoxes {
  readonly classes: Int32Array;
}

/**
 * @param boxes decoded and clipped: one for each row of the probabilities, or one for each of its entries (the background's is
 *   not looked at).
 * @param probabilities [rows, classes], the background first.
 * @throws RangeError for a NaN.
 */
export function selectDetections(
  boxes: Boxes,
  probabilities: Float32Array,
  classes: number,
  options: DetectionOptions,
): Detections {
  const rows = probabilities.length / classes;
  const perEntry = boxes.length === 4 * probabilities.length;
  if (!Number.isInteger(rows) || (!perEntry && boxes.length !== 4 * rows)) {
    throw new RangeError(
      `${boxes.length / 4} boxes do not fit ${probabilities.length} probabilities of ${classes} classes`,
    );
  }
  if (probabilities.some(Number.isNaN)) throw new RangeError('the class scores hold a NaN');
  if (boxes.some(Number.isNaN)) throw new RangeError('the boxes hold a NaN');
  const { leastScore, threshold, most, perClass = Infinity, smallest = 0 } = options;
  const boxOf: number[] = [];
  const scores: number[] = [];
  const groups: number[] = [];
  for (let c = 1; c < classes; c++) {
    const column = Float32Array.from(
      { length: rows },
      (_, row) => probabilities[row * classes + c],
    );
    const able = column.reduce((n, score) => n + (score > leastScore ? 1 : 0), 0);
    for (const row of bestFirst(column, Math.min(able, perClass))) {
      const box = perEntry ? row * classes + c : row;
      if (!isAtLeast(boxes, box, smallest)) continue;
      boxOf.push(box);
      scores.push(column[row]);
      groups.push(c);
    }
  }
  const candidates = takeBoxes(boxes, boxOf);
  const kept = suppressOverlaps(candidates, Float32Array.from(scores), {
    threshold,
    groups: Int32Array.from(groups),
    most,
  });
  return {
    boxes: takeBoxes(candidates, kept),
    scores: Float32Array.from(kept, (i) => scores[i]),
    classes: Int32Array.from(kept, (i) => groups[i]),
  };
}
