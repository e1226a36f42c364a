/** What a conversion takes and what it tells. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { FileSize, GraphInput, JsonObject, NodeDescription } from '@surge-bnn/runtime';
import type { FormOptions } from './ends/forms.js';

/**
 * `floatWeights` and `layerWeights` say how kernels of float layers are stored: rounded ones make a smaller file, and the report
 * tells what that changed.
 */
export interface ConvertOptions extends FormOptions {
  /**
   * Real inputs for the proof, in batches float32 [n, ...shape] as the network is fed with: the packed model runs beside
   * the trained one on all of them. The converter disposes each that it takes; when it refuses before, they stay the caller's.
   */
  readonly inputs: Iterable<Tensor> | AsyncIterable<Tensor>;
  /**
   * What the inputs are, for the report: "2,000 test images of digits". A function, called with their number when all have
   * been taken, where that is not known before.
   */
  readonly inputsAre: string | ((inputs: number) => string);
  /** How bytes become inputs; written into the file, so that pictures can be given to it. */
  readonly pixels?: GraphInput['pixels'];
  readonly classes?: readonly string[];
  /** For layers of the form 'i8', which need it: real inputs that tell how large their inputs get. */
  readonly calibration?: CalibrationOptions;
  /**
   * Merge constant multiply-adds (batch norms, scales) into the layers beside them where that changes last bits, too: a smaller and
   * faster model, and the report tells what that changed. Where it changes no bit it is done always. Default false.
   */
  readonly merge?: boolean;
  /** Compress the file's header, most of a small network's file; readers of version 1 cannot read it then. Default false. */
  readonly compact?: boolean;
  /** Names of binary layers that may stay in float where they cannot be packed. */
  readonly allowFloat?: readonly string[];
  /** Training batches: when given, batch norm statistics are averaged over them first (this changes the trained model). The caller disposes them. */
  readonly reestimateOn?: Iterable<Tensor> | AsyncIterable<Tensor>;
  readonly training?: JsonObject;
  readonly provenance?: JsonObject;
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

export interface CalibrationOptions {
  /** In batches, as those of the proof but not the same: training inputs. The converter disposes each that it takes. */
  readonly inputs: ConvertOptions['inputs'];
  /** What they are, for the report. */
  readonly inputsAre: ConvertOptions['inputsAre'];
  /**
   * A layer's inputs keep their size up to what so many per cent of the |x| seen do not exceed, and what is larger is cut off: 100,
   * the default, cuts nothing off.
   */
  readonly percentile?: number;
}

/** What became of a layer of the trained network. */
export interface LayerFate {
  readonly layer: string;
  readonly kind: string;
  /** Nodes of the packed graph that do its work, also those that do others' too; empty where it vanished (a flatten, a dropout). */
  readonly nodes: readonly NodeDescription[];
  /** Why it is not bits although it might have been expected, or what it was folded into. */
  readonly remark?: string;
  /** Bytes of its tensors in the file; a tensor of several layers counts with the first. */
  readonly bytes: number;
}

/** The packed model beside the trained one, on the same inputs. */
export interface Agreement {
  readonly inputs: number;
  readonly inputsAre: string;
  /**
   * Inputs whose outputs are those of the trained network, evaluated with the rounding of the file's float layers, every number bit
   * for bit: all, unless multiply-adds were merged.
   */
  readonly equalOutputs: number;
  /** Inputs with the same largest output. */
  readonly equalPredictions: number;
  /** Largest |packed - trained| over all outputs. */
  readonly largestDifference: number;
  /** With merged multiply-adds: inputs for which the file would have these outputs bit for bit without merging: all, or there is no file. */
  readonly equalUnmerged?: number;
  /** Where kernels or inputs are rounded or multiply-adds merged: against the network as it was trained. */
  readonly rounding?: Rounding;
  readonly calibration?: Calibration;
}

export interface Rounding {
  /** What was rounded: "float16 kernels". */
  readonly of: readonly string[];
  /** Every prediction that differs, with its margin before. */
  readonly differentPredictions: readonly { readonly input: number; readonly margin: number }[];
  readonly largestDifference: number;
}

/** Of the inputs of int8 layers. */
export interface Calibration {
  readonly inputs: number;
  readonly inputsAre: string;
  readonly percentile: number;
  /** By layer: |x| that becomes 127; what is larger does, too. */
  readonly limits: Readonly<Record<string, number>>;
}

export interface ConversionReport {
  readonly layers: readonly LayerFate[];
  readonly agreement: Agreement;
  readonly size: FileSize;
  /** Bytes of the trained network's weights in float32, without auxiliary weights. */
  readonly floatBytes: number;
  /** Batches that batch norm was averaged over anew; 0 when that was not asked for. */
  readonly reestimatedOn: number;
}

export interface Conversion {
  /** The `*.bnn` file. */
  readonly bytes: Uint8Array;
  readonly report: ConversionReport;
}
