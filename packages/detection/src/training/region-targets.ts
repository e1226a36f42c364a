/** Which proposals the second stage of Faster R-CNN trains on, and what it shall say of them (Fast R-CNN, arXiv 1504.08083, 2.3). */
import { boxes as arithmetic } from '@surge-bnn/runtime';
import { encodeBoxes } from './encode.js';
import { matchBoxes } from './matcher.js';
import { balancedSample, type SampleOptions, type Uniform } from './sampler.js';
import type { Truth } from './truth.js';

export interface RegionTargetOptions extends SampleOptions {
  /** From this overlap on a proposal is its object, below it background. */
  readonly threshold: number;
  readonly weights: arithmetic.BoxWeights;
}

/** torchvision's: 512 proposals of a picture, a quarter of them on objects. */
export const regionTargetDefaults: RegionTargetOptions = {
  threshold: 0.5,
  size: 512,
  positiveShare: 0.25,
  weights: [10, 10, 5, 5],
};

export interface RegionTargets {
  /** The proposals drawn, those on objects first. */
  readonly boxes: Float32Array;
  /** The class of each, 0 for background. */
  readonly classes: Int32Array;
  /** dx, dy, dw, dh for each that is on an object. */
  readonly deltas: Float32Array;
}

/**
 * The true boxes join the proposals, so that the head sees objects before the proposal network finds them.
 * @param truth of the picture, from `usableTruth`.
 */
export function regionTargets(
  truth: Truth,
  proposals: arithmetic.Boxes,
  options: RegionTargetOptions,
  uniform: Uniform,
): RegionTargets {
  const candidates = new Float32Array(proposals.length + truth.boxes.length);
  candidates.set(proposals);
  candidates.set(truth.boxes, proposals.length);
  const limits = { high: options.threshold, low: options.threshold, keepBest: false };
  const matches = matchBoxes(truth.boxes, candidates, limits);
  const { positive, negative } = balancedSample(matches, options, uniform);
  const onObjects = arithmetic.takeBoxes(candidates, positive);
  const objects = positive.map((candidate) => matches[candidate]);
  const classes = new Int32Array(positive.length + negative.length);
  objects.forEach((object, i) => (classes[i] = truth.classes[object]));
  return {
    boxes: arithmetic.takeBoxes(candidates, [...positive, ...negative]),
    classes,
    deltas: encodeBoxes(onObjects, arithmetic.takeBoxes(truth.boxes, objects), options.weights),
  };
}
