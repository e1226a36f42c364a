/**
 * What a detector's file says besides its graphs: how pictures become the body's input, and how the numbers of body and tail become
 * boxes. docs/format.md specifies it for strangers. Types only.
 */
import type { AnchorShapes } from '../boxes/anchors.js';
import type { PictureSize } from '../boxes/box.js';
import type { BoxWeights } from '../boxes/decode.js';
import type { DefaultBoxPlan } from '../boxes/default-boxes.js';
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

/** SSD's boxes, from which the network says how far its objects are. */
export interface DefaultBoxRule extends Pick<DefaultBoxPlan, 'scales' | 'ratios'> {
  /** Pixels between the centres of the first maps' boxes; those of the others stand evenly on the whole picture. */
  readonly strides: readonly number[];
  readonly weights: BoxWeights;
}

/**
 * SSD: pictures of one size, and no tail. The body makes for each entry of `defaultBoxes.ratios`, a map, logits [rows, columns, boxes of
 * a pixel (classes + 1)], the background first, then as many deltas [rows, columns, 4 boxes of a pixel].
 */
export interface SingleShotPlan {
  readonly kind: 'single-shot';
  readonly classes: readonly string[];
  /** Of the body's input. */
  readonly size: PictureSize;
  readonly defaultBoxes: DefaultBoxRule;
  readonly detections: DetectionOptions;
}

export type DetectorPlan = TwoStagePlan | SingleShotPlan;
