/**
 * What differs between the tasks that a network is trained for: its data, its batches with their loss, and what it is judged by. The
 * rest of a run (stages, optimizers, checkpoints, logs) knows no task.
 */
import type { Model } from '@surge-bnn/core';
import type { TrainingBatch } from '../gradients.js';
import type { DistillationSpec } from '../recipe/additions.js';
import type { Recipe } from '../recipe/schema.js';
import type { Evaluation, RunSummary } from '../types.js';

/** What a run tells of a half of its data. */
export interface DataFacts {
  readonly title: string;
  /** Examples: pictures or texts. */
  readonly count: number;
  readonly classes: readonly string[];
  /** Hex SHA-256 of the content. */
  readonly sha256: string;
  /** What a reader of a number should know. Absent: nothing. */
  readonly remarks?: readonly string[];
}

export interface TaskData {
  readonly train: DataFacts;
  readonly evaluation: DataFacts;
  readonly evaluatedOn: RunSummary['evaluatedOn'];
}

/** A task of a recipe, with its data. */
export interface Task {
  readonly data: TaskData;
  /** What `accuracy` means in metrics and summaries, where it is not the share of examples with the right class: "mAP@0.5". */
  readonly measure?: string;
  /** What an example is. Default: images. */
  readonly unit?: 'texts';
  /** The plain network of a stage, with its initial weights, which depend on the seed alone. */
  network(recipe: Recipe): TaskNetwork;
}

/** The training batches of an epoch, in an order that depends on the seed and the epoch only. */
export interface TrainingBatches {
  /** @param firstBatch to go on with, in the middle of an epoch. */
  epoch(epoch: number, firstBatch?: number): AsyncIterable<TrainingBatch>;
  close(): Promise<void>;
}

export interface BatchesOptions {
  /** Is told of pictures that cannot be decoded and were left out. */
  readonly onSkip?: (picture: string) => void;
}

export interface TaskEvaluateOptions {
  readonly signal?: AbortSignal;
  readonly onSkip?: (picture: string) => void;
  readonly onProgress?: (done: number, of: number) => void;
}

export interface ReestimationOptions {
  /** Batches; 0 leaves the statistics as they are. */
  readonly count: number;
  /** Whose order the batches are in. */
  readonly epoch: number;
  readonly signal?: AbortSignal;
}

/** Hashes of weights that others have trained, by the part that begins with them. */
export type BegunWith = Pick<RunSummary['hashes'], 'backbone' | 'encoder'>;

/** A network under training, with what its task does to it. */
export interface TaskNetwork {
  /** All of its layers, for whoever walks them: optimizers, checkpoints, a compensator. */
  readonly model: Model;
  /** Puts weights in that others have trained, where the recipe names some for this task. Returns their hashes. */
  begin?(): Promise<BegunWith>;
  /**
   * Loads a teacher, which its batches then learn from; it is freed with the network. Absent: the task has none. Returns the hash of the teacher's weights.
   *
   * @throws InputError for one that is not there or does not fit.
   */
  learnFrom?(distillation: DistillationSpec): Promise<string>;
  /** Sets numbers that a first batch decides (scales of binarizers), once all weights are in their places. */
  startInputs?(): void;
  batches(options: BatchesOptions): TrainingBatches;
  /** @throws the signal's reason when it is aborted. */
  evaluate(options: TaskEvaluateOptions): Promise<Evaluation>;
  /** Batch norm's statistics anew over training batches. */
  reestimate(options: ReestimationOptions): Promise<void>;
  dispose(): void;
}
