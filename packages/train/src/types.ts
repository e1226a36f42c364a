/**
 * The public shapes of a run: options, events, metrics, summaries. Everything here is plain
 * data, so a command line, a page or a test can print, store or send it.
 */

/** What the engine said about itself when it was switched on; part of checkpoint and summary. */
export interface EngineRecord {
  /** Name of the TF.js backend. */
  readonly backend: string;
  readonly threads: number;
  /** The instruction set of the native kernels. */
  readonly isa?: string;
  /** Operands of the binary branch's and of the auxiliary's backward products, where they are not float32. */
  readonly binaryGradients?: 'float32' | 'bfloat16';
  readonly auxiliaryGradients?: 'float32' | 'bfloat16';
  /** Products and sums were rounded once, on surge-wasm. */
  readonly fusedMultiplyAdd?: boolean;
}

/** The same, and what is worth a line when a run begins. */
export interface EngineStart extends EngineRecord {
  /** Why 'auto' did not take the native engine, which was built. */
  readonly passedOver?: string;
}

/** Bytes of the engine's heap that a run comes to, and what takes most of them. */
export interface MemoryNeed {
  readonly bytes: number;
  /** All that the heap may come to. */
  readonly limit: number;
  /** Of weights, auxiliary weights, optimizer states, averages and a teacher: they stay. */
  readonly kept: number;
  /** Of activations and their gradients, for each image of a step. */
  readonly perImage: number;
  /** How many images go through the network at once in training: a batch, or a micro-batch of it. */
  readonly images: number;
}

/** The same when a run begins. */
export interface MemoryPlan extends MemoryNeed {
  /** Bytes that the heap can come to now: the limit, or what the machine has left. */
  readonly there: number;
}

export interface RunOptions {
  /** The run folder. It must not hold a run yet, unless `resume` or `force`. */
  readonly out: string;
  /** Go on from the folder's last checkpoint. */
  readonly resume?: boolean;
  /** Stop (with a checkpoint) once so many epochs of the whole run are done. */
  readonly stopAfter?: number;
  /** Replace a run that is already there. */
  readonly force?: boolean;
  /** Aborting it ends the run after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TrainEvent) => void;
}

/** Averages over one epoch of what a binary layer's backward measured, and what its weights did. */
export interface LayerMetrics {
  readonly name: string;
  readonly lambda: number;
  readonly cosine: number;
  readonly normB: number;
  readonly normA: number;
  /** Share of the layer's inputs with zero surrogate slope. */
  readonly clipped: number;
  /** Share of the weights whose sign differs from the one an epoch ago. */
  readonly flipped: number;
  /** Output filters in which no weight's sign changed during the epoch. */
  readonly deadFilters: number;
  readonly filters: number;
  /** Backwards whose lam was 0 because a norm was 0. */
  readonly skipped: number;
}

/** One line of metrics.jsonl. No wall-clock time in it: two equal runs write equal files. */
export interface EpochMetrics {
  /** Counted from 1 through all stages. */
  readonly epoch: number;
  /** Counted from 1; absent without stages. */
  readonly stage?: number;
  /** Optimizer steps done. */
  readonly step: number;
  readonly learningRate: number;
  /** undefined without a compensator, or where lam is fixed. */
  readonly eta?: number;
  /** Mean over the epoch's training batches, in training mode, as they came, of what is minimised. */
  readonly trainLoss: number;
  /** Absent where a picture has no class. */
  readonly trainAccuracy?: number;
  /** Means of what the loss is the sum of, where it has parts: a detector's. */
  readonly trainParts?: Readonly<Record<string, number>>;
  /** Over all evaluation images; absent in epochs without evaluation. */
  readonly testLoss?: number;
  /** In the run's measure, which is the share of right classes where the summary names no other. */
  readonly testAccuracy?: number;
  /** Share of the images with their class among the first five; absent with five classes or fewer. */
  readonly testTop5?: number;
  /** Row: true class, column: predicted one. Absent with more than 20 classes: confusion.csv has it. */
  readonly confusion?: number[][];
  /** Further figures of the evaluation by name, where the task has some. */
  readonly testDetails?: Readonly<Record<string, number>>;
  /** The measure of each class; null for one that the evaluation's pictures do not show. */
  readonly testPerClass?: Readonly<Record<string, number | null>>;
  /** Of the averaged weights, in recipes that have some. */
  readonly averagedLoss?: number;
  readonly averagedAccuracy?: number;
  readonly layers: readonly LayerMetrics[];
}

export type StopReason = 'finished' | 'stop-after' | 'aborted';

/** What happens during a run, for progress bars and logs. */
export type TrainEvent =
  /** Before the start: pictures of a half of the data set are decoded, once, to be kept in the cache. */
  | { readonly type: 'decode'; readonly done: number; readonly of: number }
  | {
      readonly type: 'start';
      readonly out: string;
      readonly epochs: number;
      readonly stepsPerEpoch: number;
      /** 0, or where a resumed run goes on. */
      readonly step: number;
      readonly totalSteps: number;
      readonly trainImages: number;
      readonly testImages: number;
      readonly evaluatedOn: RunSummary['evaluatedOn'];
      /** As in RunSummary. */
      readonly measure?: string;
      /** What an example is, where it is no image. */
      readonly unit?: 'texts';
      readonly engine: EngineStart;
      /** Absent: not known beforehand, as on TF.js's own backend. */
      readonly memory?: MemoryPlan;
      /** What its numbers must be said to come from, and what is to be known about it. */
      readonly dataTitle: string;
      readonly dataRemarks: readonly string[];
    }
  /** A picture that cannot be decoded was left out of its batch: path and reason; once for each. */
  | { readonly type: 'skipped'; readonly picture: string }
  | {
      readonly type: 'step';
      /** Counted from 1. */
      readonly epoch: number;
      readonly epochs: number;
      /** Steps done of the whole run. */
      readonly step: number;
      readonly of: number;
      /** Running means over the epoch so far. */
      readonly loss: number;
      readonly accuracy?: number;
      /** Estimate for the whole run, evaluations included. */
      readonly secondsLeft: number;
    }
  | {
      readonly type: 'stage';
      /** "stage 2 of 3 (both binary)". */
      readonly title: string;
    }
  | { readonly type: 'evaluation'; readonly done: number; readonly of: number }
  | { readonly type: 'epoch'; readonly metrics: EpochMetrics; readonly seconds: number }
  | { readonly type: 'checkpoint'; readonly epoch: number; readonly step: number }
  | { readonly type: 'stop'; readonly reason: StopReason; readonly summary: RunSummary };

/** A value and the epoch (counted from 1) in which it was reached. */
export interface AccuracyAt {
  /** In the run's measure. */
  readonly accuracy: number;
  /** Absent where the evaluation has none. */
  readonly loss?: number;
  readonly epoch: number;
  /** How many were evaluated; absent in runs of earlier versions. */
  readonly images?: number;
  /** As in EpochMetrics. */
  readonly top5?: number;
  readonly confusion?: number[][];
  readonly details?: Readonly<Record<string, number>>;
  readonly perClass?: Readonly<Record<string, number | null>>;
}

/** What a stage came to. */
export interface StageResult {
  /** Done. */
  readonly epochs: number;
  /** undefined as long as nothing was evaluated. */
  readonly last?: AccuracyAt;
  readonly best?: AccuracyAt;
  /** Of the averaged weights. */
  readonly averaged?: { readonly last: AccuracyAt; readonly best: AccuracyAt };
}

/** summary.json of a run folder. */
export interface RunSummary {
  readonly status: StopReason;
  readonly name: string;
  readonly seed: number;
  readonly binarizer: string;
  /** 'none' or 'surge'; the config has the options. */
  readonly compensator: 'none' | 'surge';
  readonly epochs: number;
  readonly epochsDone: number;
  readonly steps: number;
  /** What the accuracies are, where they are not shares of right classes: "mAP@0.5". */
  readonly measure?: string;
  /** What an example is, where it is no image. */
  readonly unit?: 'texts';
  /** Of the last stage that began; undefined as long as nothing was evaluated in it. */
  readonly last?: AccuracyAt;
  readonly best?: AccuracyAt;
  readonly averaged?: StageResult['averaged'];
  /** All stages that began, in their order; absent without stages. */
  readonly stages?: readonly (StageResult & { readonly name: string })[];
  /** Names to the confusion matrices; absent where they are. */
  readonly classes?: readonly string[];
  /** What the accuracies must be said to come from; absent in summaries of older versions. */
  readonly dataTitle?: string;
  /** What is to be known about the data: pictures that were left out. Absent: nothing. */
  readonly dataRemarks?: readonly string[];
  /** How many were evaluated: without those that could not be decoded and were left out. */
  readonly evaluationImages: number;
  readonly evaluatedOn: 'test' | 'held-out training images';
  /** Seconds of training and evaluation, summed over all parts of a resumed run. */
  readonly seconds: number;
  readonly engine: EngineRecord;
  /** Absent where it is not known beforehand, and in summaries of older versions. */
  readonly memory?: MemoryNeed;
  readonly cpu: string;
  readonly node: string;
  /** sha256 of the final weights, of config.json's content and of the data, and of the weights at the start. */
  readonly hashes: {
    readonly weights: string;
    readonly initialWeights: string;
    readonly config: string;
    readonly data: string;
    /** Of the weights that the run began with and of its (last stage's) teacher, where it has them. */
    readonly initialFrom?: string;
    /** Of the classifier, or file, that a detector's backbone began with. */
    readonly backbone?: string;
    /** Of the run, or file, that the encoder of a network for texts began with. */
    readonly encoder?: string;
    readonly teacher?: string;
  };
}

export interface Evaluation {
  /** Absent for detectors, whose loss needs samples that only training draws. */
  readonly loss?: number;
  /** In the task's measure: the share of right classes, or mean average precision. */
  readonly accuracy: number;
  readonly images: number;
  /** Images with the right class; absent where an image has no class. */
  readonly correct?: number;
  /** Further figures by name. */
  readonly details?: Readonly<Record<string, number>>;
  /** The measure of each class; null for one that these pictures do not show. */
  readonly perClass?: Readonly<Record<string, number | null>>;
  /** Row: the true class, column: the predicted one. */
  readonly confusion?: number[][];
  /** Share of the images with their class among the first five; absent with five classes or fewer. */
  readonly top5?: number;
}

/** Of a classifier. */
export interface ClassEvaluation extends Evaluation {
  readonly loss: number;
  readonly correct: number;
  /** Counts; row: true class, column: predicted one. */
  readonly confusion: number[][];
}
