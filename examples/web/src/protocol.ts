/** What the page asks its worker for, and what it gets. */
import type { NodeDescription } from '@surge-bnn/runtime';
import type { Reads } from './prepare.js';

export type Task =
  | {
      readonly kind: 'load';
      /** For sentences about it. */
      readonly name: string;
      /** The model file. */
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: 'run';
      /** One picture, as the model reads it. */
      readonly input: Uint8Array;
      /** Also take the time, which takes some. */
      readonly timed: boolean;
    };

/** A model that is loaded. */
export interface Loaded {
  readonly reads: Reads;
  readonly classes: readonly string[];
  /** Whether the outputs are probabilities; else they are logits. */
  readonly endsInSoftmax: boolean;
  /** What computes: "wasm", "reference". */
  readonly kernels: string;
  readonly nodes: readonly NodeDescription[];
  readonly threads: number;
  readonly cores: number;
  readonly isolated: boolean;
}

export interface Timing {
  /** Of one picture: the median of the samples. */
  readonly milliseconds: number;
  readonly samples: number;
  /** In each sample, so that it is long for the clock. */
  readonly runs: number;
}

export interface Outputs {
  /** One for each class, float32. */
  readonly outputs: Float32Array;
  readonly timing: Timing | undefined;
}

export type Result = { readonly loaded: Loaded } | { readonly ran: Outputs };
