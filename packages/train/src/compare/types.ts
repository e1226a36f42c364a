/** The shapes of a comparison: its arms, its runs, its gains. Plain data, written to comparison.json as they are. */
import type { RunSummary, TrainEvent } from '../types.js';

/** Mean, sample standard deviation (0 for one value) and how many values. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number;
  readonly count: number;
}

/** One way to train: a name, and what it changes in the recipe. */
export interface Arm {
  readonly name: string;
  /** Values of recipe keys ('compensator.eta'), or of whole ones. */
  readonly set: Readonly<Record<string, unknown>>;
}

/** One evaluation of a run. */
export interface CurvePoint {
  readonly epoch: number;
  /** Of training alone, since the beginning. */
  readonly seconds: number;
  readonly accuracy: number;
}

/** One finished run of a comparison. */
export interface ComparedRun {
  readonly seed: number;
  /** Its folder within the comparison's. */
  readonly folder: string;
  readonly summary: RunSummary;
  readonly curve: readonly CurvePoint[];
  /** Share of the binary layers' inputs without slope, mean over the layers, in the last epoch; 0: the box is the identity. */
  readonly clipped: number;
}

/** One arm over all seeds. */
export interface ComparisonRow {
  readonly arm: string;
  /** With the values that tuning chose. */
  readonly set: Arm['set'];
  readonly last: Spread;
  readonly best: Spread;
  /** Of training alone. */
  readonly seconds: Spread;
  readonly clipped: Spread;
  readonly runs: readonly ComparedRun[];
}

/**
 * What is compared: after the last epoch or at the best one; at equal epochs, or at equal seconds: both runs of a pair
 * as they were when the faster one of them had finished.
 */
export const measures = ['last', 'best', 'last, equal seconds', 'best, equal seconds'] as const;
export type Measure = (typeof measures)[number];

/** Gain of an arm over its baseline, pair by pair with the same seed. */
export interface PairedGain {
  readonly arm: string;
  readonly baseline: string;
  readonly measure: Measure;
  readonly gains: readonly { readonly seed: number; readonly gain: number }[];
  readonly mean: number;
  readonly deviation: number;
  /** 95 % interval of the mean by Student's t over the n pairs; undefined for fewer than two. */
  readonly interval?: readonly [number, number];
}

/** What was tried for one arm on held-out images, in order. */
export interface TunedArm {
  readonly arm: string;
  readonly tried: readonly {
    readonly set: Arm['set'];
    /** Last accuracy on the held-out images, one for each seed of the tuning. */
    readonly accuracies: readonly number[];
    readonly mean: number;
  }[];
  /** Index of the one with the highest mean. */
  readonly chosen: number;
}

export interface ComparisonTable {
  readonly name: string;
  readonly recipe: string;
  readonly seeds: readonly number[];
  readonly rows: readonly ComparisonRow[];
  readonly gains: readonly PairedGain[];
  readonly tuning?: {
    readonly holdOut: number;
    readonly seeds: readonly number[];
    readonly arms: readonly TunedArm[];
  };
  /** What a reader must know before believing a gain. */
  readonly remarks: readonly string[];
}

/** Events of a comparison: which run, and that run's own events. */
export type CompareEvent =
  | {
      readonly type: 'run';
      readonly index: number;
      readonly of: number;
      /** "tuning" runs are judged on held-out training images. */
      readonly phase: 'tuning' | 'final';
      readonly arm: string;
      readonly seed: number;
      /** True when a finished run of the same config was found and used. */
      readonly reused: boolean;
    }
  | { readonly type: 'train'; readonly event: TrainEvent };
