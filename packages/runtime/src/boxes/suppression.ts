/**
 * Non-maximum suppression: of boxes that overlap too much, the best one stays. Greedy, from the best score down: a box
 * stays unless it overlaps one of its group that stayed. Groups (classes, or pyramid levels) do not see each other.
 */
import { bestFirst } from './best.js';
import { boxOverlap, type Boxes } from './box.js';

export interface SuppressionOptions {
  /** A box whose overlap with a better one is above this goes. */
  readonly threshold: number;
  /** The group of each box; absent: one group. */
  readonly groups?: Int32Array;
  /** Stop when so many have stayed. Default: all. */
  readonly most?: number;
}

/**
 * @returns the places of the boxes that stay, best score first; of equal scores the box that stands first is the better one.
 * @throws RangeError for a NaN among the scores, or another number of them than boxes.
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
  const kept: number[] = [];
  const keptOf = new Map<number, number[]>();
  for (const i of bestFirst(scores)) {
    if (kept.length >= most) break;
    const group = groups?.[i] ?? 0;
    const rivals = keptOf.get(group) ?? [];
    if (rivals.some((better) => boxOverlap(boxes, i, boxes, better) > threshold)) continue;
    rivals.push(i);
    keptOf.set(group, rivals);
    kept.push(i);
  }
  return Int32Array.from(kept);
}
