/** What a session is made of. */
import type { Model } from '@surge-bnn/core';
import type { CheckpointState } from './checkpoint/checkpoint.js';
import type { Recipe } from './recipe/schema.js';
import type { EngineRecord, StageResult } from './types.js';

export interface SessionOptions {
  /** Of a run with stages: the stage's. */
  readonly recipe: Recipe;
  readonly engine: EngineRecord;
  readonly model: Model;
  readonly stepsPerEpoch: number;
  /** sha256 of the images, for the checkpoint. */
  readonly dataHash: string;
  /** Frees the network when the session is disposed. Default: the model's own. */
  readonly dispose?: () => void;
  /** Absent: a run of one piece. */
  readonly stage?: StageStart;
  /** sha256 of the weights of other runs that this one uses. */
  readonly sources?: CheckpointState['sources'];
}

/** Where in a run with stages a session stands. */
export interface StageStart {
  readonly index: number;
  /** Of the whole run; it goes into the checkpoint. */
  readonly recipe: Recipe;
  /** Epochs and steps of the stages before. */
  readonly epochs: number;
  readonly steps: number;
  readonly before: readonly StageResult[];
  /** Hash of the weights that the run began with; absent in its first stage, which begins with them. */
  readonly initialWeights?: string;
}
