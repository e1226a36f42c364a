/** What a region proposal network shall say of a picture's anchors (Faster R-CNN, arXiv 1506.01497, 3.1.2 and 3.1.3). */
import { boxes as arithmetic } from '@surge-bnn/runtime';
import { encodeBoxes } from './encode.js';
import { matchBoxes, type MatchOptions } from './matcher.js';
import { balancedSample, type Sample, type SampleOptions, type Uniform } from './sampler.js';
import type { Truth } from './truth.js';

export interface AnchorTargetOptions extends Omit<MatchOptions, 'keepBest'>, SampleOptions {
  readonly weights: arithmetic.BoxWeights;
}

/** torchvision's: 256 anchors of a picture, half of them on objects, from 0.7 on; background below 0.3. */
export const anchorTargetDefaults: AnchorTargetOptions = {
  high: 0.7,
  low: 0.3,
  size: 256,
  positiveShare: 0.5,
  weights: [1, 1, 1, 1],
};

export interface AnchorTargets extends Sample {
  /** dx, dy, dw, dh for each positive anchor. */
  readonly deltas: Float32Array;
}

/** @param truth of the picture, from `usableTruth`. */
export function anchorTargets(
  truth: Truth,
  anchors: arithmetic.Boxes,
  options: AnchorTargetOptions,
  uniform: Uniform,
): AnchorTargets {
  const matches = matchBoxes(truth.boxes, anchors, { ...options, keepBest: true });
  const sample = balancedSample(matches, options, uniform);
  const objects = sample.positive.map((anchor) => matches[anchor]);
  const deltas = encodeBoxes(
    arithmetic.takeBoxes(anchors, sample.positive),
    arithmetic.takeBoxes(truth.boxes, objects),
    options.weights,
  );
  return { ...sample, deltas };
}
