/**
 * Non-maximum suppression: of boxes that overlap too much, the best one stays. Greedy, from the best score down: a box
 * stays unless it overlaps one of its group that stayed. Groups (classes, or pyramid levels) do not see each other.
 */
import { bestFirst, bestFirstBytes } from './best.js';
import { boxOverlap, type Boxes } from './box.js';

export interface SuppressionOptions {
  /** A box whose overlap with a better one is above this goes. */
  readonly threshold: number;
  /** The group of each box; absent: one group. */
  readonly groups?: Int32Array;
  /** Stop when so many have stayed. Default: all. */
  readonly most?: number;
}

/** Bytes that `suppressOverlaps` takes for so many boxes. */
export function suppressionBytes(boxes: number, most = boxes): number {
  return bestFirstBytes(boxes) + 2 * 4 * Math.min(most, boxes);
}

/**
 * @returns the places of the boxes that stay, best score first; of equal scores the box that stands first is the better one.
 * @throws NotFiniteError for a NaN among the scores, RangeError for another number of them than boxes.
 */
export function suppressOverlaps(
  boxes: Boxes,
  scores: Float32Array,
  { threshold, groups, most = Infinity }: SuppressionOptions,
): Int32Array {
  const count = boxes.length / 4;
  if (scores.length !== count || (groups !== undefined && groups.length !== count)) {
    throw new RangeError(
      `${count} boxes need as many scores and groups, got ${scores.length} and ${groups?.length ?? 'no groups'}`,
    );
  }
  const order = bestFirst(scores);
  const kept = new Int32Array(Math.min(most, count));
  /** For each that stayed the one of its group that stayed before it, as places in `kept`; -1 for none. */
  const before = new Int32Array(kept.length);
  const lastOf = new Map<number, number>();
  let stayed = 0;
  for (let n = 0; n < count && stayed < kept.length; n++) {
    const i = order[n];
    const group = groups?.[i] ?? 0;
    const last = lastOf.get(group) ?? -1;
    let rival = last;
    while (rival >= 0 && !(boxOverlap(boxes, i, boxes, kept[rival]) > threshold)) {
      rival = before[rival];
    }
    if (rival >= 0) continue;
    kept[stayed] = i;
    before[stayed] = last;
    lastOf.set(group, stayed++);
  }
  return kept.subarray(0, stayed);
}
