/** What the page and its worker say to each other. Every request has a number, and every answer that of its request. */
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

export interface Request {
  readonly id: number;
  readonly task: Task;
}

export type Answer =
  | { readonly id: number; readonly loaded: Loaded }
  | { readonly id: number; readonly ran: Outputs }
  /** `sentence` is for the person before the page where it is a refusal, else it tells of a defect. */
  | {
      readonly id: number;
      readonly failed: { readonly sentence: string; readonly refusal: boolean };
    };
