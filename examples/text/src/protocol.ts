/** What the page asks its worker for, and what it gets. */
import type { PackedText, PredictedClass, PredictedScore } from '@surge-bnn/runtime/text';

export type Task =
  | {
      readonly kind: 'load';
      /** For sentences about it. */
      readonly name: string;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: 'predict';
      readonly sentence: string;
      /** Of models for pairs. */
      readonly second?: string;
    };

export interface Loaded extends Pick<PackedText, 'classes' | 'range' | 'pairs' | 'maxLength'> {
  readonly kernels: string;
  /** Pieces of the vocabulary. */
  readonly vocabulary: number;
}

export interface Said {
  readonly prediction: PredictedClass | PredictedScore;
  /** Of the tokenizer and the network, without the way to the worker. */
  readonly milliseconds: number;
  /** What the model has read. */
  readonly pieces: readonly string[];
}

export type Result = { readonly loaded: Loaded } | { readonly said: Said };
