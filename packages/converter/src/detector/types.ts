/** What a conversion of a detector takes and what it tells. */
import type { CallGraph, CanonicalOptions, Model } from '@surge-bnn/core';
import type {
  boxes,
  FileSize,
  GraphInput,
  SingleShotPlan,
  SizeRule,
  TwoStagePlan,
} from '@surge-bnn/runtime';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { FloatWeights } from '../ends/forms.js';
import type { ConvertOptions, LayerFate } from '../types.js';

export interface TwoStageShipping {
  readonly body: CallGraph;
  readonly tail: CallGraph;
  readonly plan: Omit<TwoStagePlan, 'classes' | 'size'>;
}

export interface SingleShotShipping {
  readonly body: CallGraph;
  readonly tail?: undefined;
  readonly plan: Omit<SingleShotPlan, 'classes' | 'size'>;
}

/** A detector of @surge-bnn/detection, as far as it is packed. */
export interface ShippableDetector {
  /** All layers. */
  readonly model: Model;
  /** Without the background. */
  readonly classes: number;
  readonly shipping?: TwoStageShipping | SingleShotShipping;
  detect(
    batch: { readonly pictures: Tensor4D; readonly sizes: readonly boxes.PictureSize[] },
    options: { readonly canonical: true; readonly linear?: CanonicalOptions['linear'] },
  ): boxes.Detections[];
}

/** Pictures as the loader of @surge-bnn/data makes them. */
export interface DetectorInputs extends boxes.PictureSize {
  /** float32 [count, height, width, 3], normalised, zeros to the right of and below each picture. */
  readonly images: Float32Array;
  readonly count: number;
  /** Of each picture without the zeros. */
  readonly targets: readonly boxes.PictureSize[];
}

export interface PackDetectorOptions {
  /** Names of the classes, without the background. */
  readonly classes: readonly string[];
  /** How pictures are resized, as those of the validation are; a detector of one stage takes a width and a height. */
  readonly size: SizeRule;
  /** How bytes become inputs. */
  readonly pixels: NonNullable<GraphInput['pixels']>;
  /**
   * How kernels of float layers are stored. Not 'i8': sums of integers need a calibration, which there is for models of one output
   * alone. Default 'f32'.
   */
  readonly floatWeights?: Exclude<FloatWeights, 'i8'>;
  /** Of single layers, by name, in place of that. */
  readonly layerWeights?: Readonly<Record<string, Exclude<FloatWeights, 'i8'>>>;
  /** Names of binary layers that may stay in float where they cannot be packed. */
  readonly allowFloat?: readonly string[];
}

export interface ConvertDetectorOptions
  extends
    PackDetectorOptions,
    Pick<ConvertOptions, 'inputsAre' | 'compact' | 'training' | 'provenance'>,
    Pick<ConvertOptions, 'onProgress' | 'signal'> {
  /** Real pictures for the proof, in batches: the packed detector runs beside the trained one on all of them. */
  readonly inputs: Iterable<DetectorInputs> | AsyncIterable<DetectorInputs>;
}

/** The packed detector beside the trained one, on the same pictures. */
export interface DetectorAgreement {
  readonly inputs: number;
  readonly inputsAre: string;
  /**
   * Pictures whose boxes, scores and classes are those of the trained detector in canonical arithmetic, with the rounding of the
   * file's float layers, every number bit for bit: all, or there is no file.
   */
  readonly equalOutputs: number;
  /** Boxes in all pictures. */
  readonly boxes: number;
  /** Where kernels are rounded: against the detector as it was trained. */
  readonly rounding?: DetectorRounding;
}

export interface DetectorRounding {
  /** What was rounded: "float16 kernels". */
  readonly of: readonly string[];
  /** Pictures in which other classes are seen, in another order, or more or fewer boxes. */
  readonly differentPictures: readonly number[];
  /** Over all other pictures. */
  readonly largestScoreDifference: number;
  /** In pixels. */
  readonly largestBoxDifference: number;
}

export interface DetectorConversion {
  readonly bytes: Uint8Array;
  readonly report: {
    readonly layers: readonly LayerFate[];
    readonly agreement: DetectorAgreement;
    readonly size: FileSize;
    /** Of the trained detector's weights in float32. */
    readonly floatBytes: number;
  };
}
