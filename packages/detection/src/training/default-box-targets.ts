/** What SSD shall say of a picture's default boxes (arXiv 1512.02325, 2.2). */
import { boxes as arithmetic } from '@surge-bnn/runtime';
import { encodeBoxes } from './encode.js';
import { matchDefaultBoxes } from './matcher.js';
import type { Truth } from './truth.js';

export interface DefaultBoxTargets {
  /** The class of each default box, 0 for background. */
  readonly classes: Int32Array;
  /** Places of those on objects, ascending. */
  readonly positive: Int32Array;
  /** dx, dy, dw, dh for each of those. */
  readonly deltas: Float32Array;
}

export interface DefaultBoxTargetOptions {
  /** From this overlap on a default box is its object; each object's best one is, whatever it overlaps. */
  readonly threshold: number;
  readonly weights: arithmetic.BoxWeights;
}

export const defaultBoxTargetDefaults: DefaultBoxTargetOptions = {
  threshold: 0.5,
  weights: [10, 10, 5, 5],
};

/** @param truth of the picture, from `usableTruth`. */
export function defaultBoxTargets(
  truth: Truth,
  defaults: arithmetic.Boxes,
  { threshold, weights }: DefaultBoxTargetOptions = defaultBoxTargetDefaults,
): DefaultBoxTargets {
  const matches = matchDefaultBoxes(truth.boxes, defaults, threshold);
  const classes = matches.map((object) => (object < 0 ? 0 : truth.classes[object]));
  const positive = Int32Array.from([...matches.keys()].filter((i) => matches[i] >= 0));
  const deltas = encodeBoxes(
    arithmetic.takeBoxes(defaults, positive),
    arithmetic.takeBoxes(
      truth.boxes,
      positive.map((i) => matches[i]),
    ),
    weights,
  );
  return { classes, positive, deltas };
}
