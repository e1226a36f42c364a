/**
 * Which object each candidate box (anchor, proposal, default box) shall find: torchvision's Matcher and SSDMatcher. A
 * candidate goes to the object that it overlaps most, of equal ones to the first.
 */
import { boxes as arithmetic } from '@surge-bnn/runtime';

/** In place of an object's number: the candidate is background. */
export const BACKGROUND = -1;
/** In place of an object's number: too near to be background, too far to be an object. */
export const BETWEEN = -2;

export interface MatchOptions {
  /** From this overlap on a candidate is its object. */
  readonly high: number;
  /** Below this overlap it is background. */
  readonly low: number;
  /**
   * Whether the candidates that overlap an object most are matched however little that is, so that every object is looked for
   * somewhere; as in torchvision each goes to the object that it overlaps most itself.
   */
  readonly keepBest: boolean;
}

/** @returns for each candidate the number of its object, BACKGROUND or BETWEEN. */
export function matchBoxes(
  truth: arithmetic.Boxes,
  candidates: arithmetic.Boxes,
  { high, low, keepBest }: MatchOptions,
): Int32Array {
  const { object, overlap, bestOfObject } = bestObjects(truth, candidates);
  const matches = new Int32Array(object.length);
  for (let i = 0; i < matches.length; i++) {
    matches[i] = overlap[i] >= high ? object[i] : overlap[i] < low ? BACKGROUND : BETWEEN;
  }
  if (keepBest) {
    for (let j = 0; j < bestOfObject.length; j++) {
      // An object that nothing overlaps would else be "best" everywhere.
      if (bestOfObject[j] === 0) continue;
      for (let i = 0; i < matches.length; i++) {
        if (arithmetic.boxOverlap(truth, j, candidates, i) === bestOfObject[j]) {
          matches[i] = object[i];
        }
      }
    }
  }
  return matches;
}

/**
 * SSD's matching (arXiv 1512.02325, 2.2): candidates with enough overlap, and for each object the one that overlaps it most
 * (the first of equal ones; where two objects claim one, the later has it).
 */
export function matchDefaultBoxes(
  truth: arithmetic.Boxes,
  candidates: arithmetic.Boxes,
  threshold: number,
): Int32Array {
  const matches = matchBoxes(truth, candidates, {
    high: threshold,
    low: threshold,
    keepBest: false,
  });
  for (let j = 0; j < truth.length / 4; j++) {
    let [best, place] = [0, -1];
    for (let i = 0; i < matches.length; i++) {
      const overlap = arithmetic.boxOverlap(truth, j, candidates, i);
      if (overlap > best) [best, place] = [overlap, i];
    }
    if (place >= 0) matches[place] = j;
  }
  return matches;
}

/** For each candidate its object and their overlap, 0 and 0 where there is none; for each object its largest overlap. */
function bestObjects(truth: arithmetic.Boxes, candidates: arithmetic.Boxes) {
  const count = candidates.length / 4;
  const object = new Int32Array(count);
  const overlap = new Float64Array(count);
  const bestOfObject = new Float64Array(truth.length / 4);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < bestOfObject.length; j++) {
      const value = arithmetic.boxOverlap(truth, j, candidates, i);
      if (value > overlap[i]) [overlap[i], object[i]] = [value, j];
      if (value > bestOfObject[j]) bestOfObject[j] = value;
    }
  }
  return { object, overlap, bestOfObject };
}
