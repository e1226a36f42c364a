/**
 * From boxes and class probabilities to what a detector says of a picture: every class of every box for itself, above a
 * least score, overlaps suppressed within the class, and the best of all.
 */
import { bestFirst, bestFirstBytes } from './best.js';
import { isAtLeast, takeBoxes, type Boxes } from './box.js';
import { NotFiniteError } from './not-finite.js';
import type { ScoredBoxes } from './proposals.js';
import { suppressionBytes, suppressOverlaps } from './suppression.js';

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
 * Most bytes that `selectDetections` takes for so many rows: of every candidate its place, score, class and box, what their
 * suppression takes and what stays; one class's scores and their order, and a count for each class.
 */
export function detectionBytes(
  rows: number,
  classes: number,
  { most, perClass = Infinity }: Pick<DetectionOptions, 'most' | 'perClass'>,
): number {
  const ofClass = Math.min(rows, perClass);
  const candidates = ofClass * (classes - 1);
  const stays = Math.min(most, candidates);
  return (
    (3 * 4 + 16) * candidates +
    suppressionBytes(candidates, most) +
    (16 + 2 * 4) * stays +
    4 * rows +
    bestFirstBytes(rows, ofClass) +
    2 * 4 * classes
  );
}

/**
 * @param boxes decoded and clipped: one for each row of the probabilities, or one for each of its entries (the background's is
 *   not looked at).
 * @param probabilities [rows, classes], the background first.
 * @throws NotFiniteError for a NaN, RangeError for boxes that do not fit the probabilities.
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
  if (probabilities.some(Number.isNaN)) throw new NotFiniteError('the class scores hold a NaN');
  if (boxes.some(Number.isNaN)) throw new NotFiniteError('the boxes hold a NaN');
  const { leastScore, threshold, most, perClass = Infinity, smallest = 0 } = options;
  const ableOf = new Int32Array(classes);
  for (let at = 0; at < probabilities.length; at++) {
    if (probabilities[at] > leastScore) ableOf[at % classes]++;
  }
  const counts = ableOf.map((able, c) => (c === 0 ? 0 : Math.min(able, perClass)));
  const candidateCount = counts.reduce((sum, able) => sum + able, 0);
  const boxOf = new Int32Array(candidateCount);
  const scores = new Float32Array(candidateCount);
  const groups = new Int32Array(candidateCount);
  const column = new Float32Array(rows);
  let count = 0;
  for (let c = 1; c < classes; c++) {
    if (counts[c] === 0) continue;
    for (let row = 0; row < rows; row++) column[row] = probabilities[row * classes + c];
    for (const row of bestFirst(column, counts[c])) {
      const box = perEntry ? row * classes + c : row;
      if (!isAtLeast(boxes, box, smallest)) continue;
      boxOf[count] = box;
      scores[count] = column[row];
      groups[count] = c;
      count++;
    }
  }
  const candidates = takeBoxes(boxes, boxOf.subarray(0, count));
  const kept = suppressOverlaps(candidates, scores.subarray(0, count), {
    threshold,
    groups: groups.subarray(0, count),
    most,
  });
  return {
    boxes: takeBoxes(candidates, kept),
    scores: Float32Array.from(kept, (i) => scores[i]),
    classes: Int32Array.from(kept, (i) => groups[i]),
  };
}
