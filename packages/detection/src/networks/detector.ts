/** What a detector is to those who train and use one. */
import type { Scalar, Tensor4D } from '@tensorflow/tfjs-core';
import type { CallGraph, CanonicalOptions, Model } from '@surge-bnn/core';
import type { boxes, SingleShotPlan, TwoStagePlan } from '@surge-bnn/runtime';
import type { Uniform } from '../training/sampler.js';
import type { Truth } from '../training/truth.js';

/** A batch of pictures of different sizes, padded with zeros to the right and below to one size. */
export interface PictureBatch {
  /** float32 [batch, height, width, channels], normalised; height and width divided by the detector's `multiple`. */
  readonly pictures: Tensor4D;
  /** Size of each picture without its padding. */
  readonly sizes: readonly boxes.PictureSize[];
}

/** The parts of the loss by name ("objectness", ..) and their sum, all float32 scalars that the caller disposes. */
export interface DetectionLosses {
  readonly total: Scalar;
  readonly parts: Readonly<Record<string, Scalar>>;
}

export interface DetectOptions {
  /**
   * Compute every layer in canonical arithmetic: the same boxes, bit for bit, on every backend and engine, and those of the packed
   * detector. Slower, as float sums are float64. Default false: as fast as the engine can.
   */
  readonly canonical?: boolean;
  /** With `canonical`: in place of the linear operators of float layers, as canonicalForward has it. */
  readonly linear?: CanonicalOptions['linear'];
}

/** What a converter makes a file of: the layers in two lists, and the plan but for what is not the network's. */
export interface TwoStageShipping {
  /** Pictures to the maps that regions are read from, then the objectness of each level, then its deltas. */
  readonly body: CallGraph;
  /** Bins of a region to class logits and deltas. */
  readonly tail: CallGraph;
  readonly plan: Omit<TwoStagePlan, 'classes' | 'size'>;
}

/** The same of a detector of one stage. */
export interface SingleShotShipping {
  /** Pictures to the logits of each map, then its deltas. */
  readonly body: CallGraph;
  readonly tail?: undefined;
  readonly plan: Omit<SingleShotPlan, 'classes' | 'size'>;
}

export type DetectorShipping = TwoStageShipping | SingleShotShipping;

export interface Detector {
  /**
   * All layers as one model, for whoever walks them: parameters, checkpoints, `attachCompensator`, `setProgress`, `summarize`. It is not
   * for predicting.
   */
  readonly model: Model;
  /** Classes besides the background, which is class 0. */
  readonly classes: number;
  /** Height and width of a batch must be multiples of this. */
  readonly multiple: number;
  /**
   * The losses of a batch in training mode, inside of a function that TF.js differentiates.
   * @param uniform draws the samples; a stream of its own for each step makes a run repeat.
   * @throws InputError naming the layer or picture for a NaN or a truth that cannot be.
   */
  losses(batch: PictureBatch, truths: readonly Truth[], uniform: Uniform): DetectionLosses;
  /** What is seen in each picture, best first. */
  detect(batch: PictureBatch, options?: DetectOptions): boxes.Detections[];
  /** What ships; absent for a detector that cannot be packed. */
  readonly shipping?: DetectorShipping;
  /** Frees all weights, also those of a compensator; after that the detector is of no use. Again: nothing. */
  dispose(): void;
}
