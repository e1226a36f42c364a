/** What a conversion takes and what it tells. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Edge, FileSize, GraphInput, JsonObject, OpName } from '@surge-bnn/runtime';

export interface ConvertOptions {
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
  /** How kernels of float layers are stored. With 'f16' they are rounded, and the report tells what that changed. Default 'f32'. */
  readonly floatWeights?: 'f32' | 'f16';
  /** Names of binary layers that may stay in float where they cannot be packed. */
  readonly allowFloat?: readonly string[];
  /** Training batches: when given, batch norm statistics are averaged over them first (this changes the trained model). The caller disposes them. */
  readonly reestimateOn?: Iterable<Tensor> | AsyncIterable<Tensor>;
  readonly training?: JsonObject;
  readonly provenance?: JsonObject;
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** What became of a layer of the trained network. */
export interface LayerFate {
  readonly layer: string;
  readonly kind: string;
  /** Nodes of the packed graph that do its work; empty where it vanished (a flatten, a dropout). */
  readonly nodes: readonly { readonly name: string; readonly op: OpName; readonly output: Edge }[];
  /** Why it is not bits although it might have been expected, or what it was folded into. */
  readonly remark?: string;
  /** Bytes of its tensors in the file; a tensor of several layers counts with the first. */
  readonly bytes: number;
}

/** The packed model beside the trained one, on the same inputs. */
export interface Agreement {
  readonly inputs: number;
  readonly inputsAre: string;
  /** Inputs whose outputs are the same, every number bit for bit. */
  readonly equalOutputs: number;
  /** Inputs with the same largest output. */
  readonly equalPredictions: number;
  /** Largest |packed - trained| over all outputs. */
  readonly largestDifference: number;
  /** With float16 kernels: against the network before rounding, every prediction that differs with its margin there. */
  readonly rounding?: {
    readonly differentPredictions: readonly { readonly input: number; readonly margin: number }[];
    readonly largestDifference: number;
  };
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
