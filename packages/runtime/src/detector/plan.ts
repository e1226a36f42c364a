/**
 * What a detector's file says besides its graphs: how pictures become the body's input, and how the numbers of body and tail become
 * boxes. docs/format.md specifies it for strangers. Types only.
 */
import type { AnchorShapes } from '../boxes/anchors.js';
import type { BoxWeights } from '../boxes/decode.js';
import type { DetectionOptions } from '../boxes/detections.js';
import type { ProposalOptions } from '../boxes/proposals.js';

/** To which size pictures are resized: the short side to a number with the long side capped, or all to one size, stretched. */
export type SizeRule =
  | { readonly shortSide: number; readonly longSide: number }
  | { readonly width: number; readonly height: number };

/** How regions are read from the body's maps, and their boxes decoded. */
export interface RegionPlan {
  /** How many of the body's outputs are maps that regions are read from, the finest first; they are the first ones. */
  readonly maps: number;
  /** Stride of the finest map is 2^firstLevel pixels; of each next one twice that. */
  readonly firstLevel: number;
  /** Rows and columns of bins. */
  readonly bins: number;
  readonly samplingRatio: number;
  readonly aligned: boolean;
  readonly weights: BoxWeights;
}

/**
 * Faster R-CNN. The body makes `regions.maps` maps, then for each entry of `anchors` an objectness [rows, columns, anchors of a
 * pixel], then as many deltas [rows, columns, 4 anchors]. The tail makes of one region's bins logits [classes + 1], the background
 * first, and deltas [4 (classes + 1)].
 */
export interface TwoStagePlan {
  readonly kind: 'two-stage';
  /** Names of the classes without the background. */
  readonly classes: readonly string[];
  readonly size: SizeRule;
  /** Height and width of the body's input are multiples of this. */
  readonly multiple: number;
  readonly anchors: readonly AnchorShapes[];
  readonly proposals: ProposalOptions;
  readonly regions: RegionPlan;
  readonly detections: DetectionOptions;
}

export type DetectorPlan = TwoStagePlan;
