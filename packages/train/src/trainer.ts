/**
 * A network under training: its parameters with their optimizer, what its layers measure, and one step of it. Knows no files, no
 * data set and no Node module; Session adds counters, averaged weights and checkpoints, a page its curves.
 */
import { binaryLayers, setProgress } from '@surge-bnn/core';
import { asOutOfMemory, InputError } from '@surge-bnn/contract';
import type { Model } from '@surge-bnn/core';
import * as tf from '@tensorflow/tfjs-core';
import { clipGradients } from './gradients.js';
import type { TrainingBatch } from './gradients.js';
import { StatisticsRecorder } from './layer-statistics.js';
import { recipeGroups } from './optimizers/from-recipe.js';
import { GroupedOptimizer } from './optimizers/groups.js';
import { parametersOf } from './parameters.js';
import type { Parameter } from './parameters.js';
import type { Recipe } from './recipe/schema.js';
import { schedule } from './schedules.js';

export interface TrainerOptions {
  /** Optimizer, groups, schedule and clipping are taken from it. */
  readonly recipe: Recipe;
  /** Built, with its compensator if it has one. The trainer does not dispose it. */
  readonly model: Model;
}

/** Of one step. */
export interface StepResult {
  /** Mean over the batch, with what the weight binarizers add. */
  readonly loss: number;
  /** Pictures of the batch whose largest logit was their class's; absent where a picture has no class. */
  readonly correct?: number;
  /** What the loss is the sum of, by name, where it has parts. */
  readonly parts?: Readonly<Record<string, number>>;
}

export class Trainer {
  /** All of the model's, trained or not. */
  readonly parameters: Parameter[];
  readonly optimizer: GroupedOptimizer;
  readonly recorder: StatisticsRecorder;
  /** Of every learning rate, as a function of p. */
  readonly factor: (p: number) => number;

  constructor(private readonly options: TrainerOptions) {
    const { recipe, model } = options;
    this.parameters = parametersOf(model);
    this.optimizer = new GroupedOptimizer(this.parameters, recipeGroups(recipe));
    // The optimizer step clips, to what the recipe says.
    for (const layer of binaryLayers(model)) layer.clipsInForward = false;
    this.recorder = new StatisticsRecorder(binaryLayers(model));
    this.factor = schedule(recipe.schedule);
  }

  /**
   * Gradients, clipping and the optimizer's step on one batch.
   *
   * @param p the progress of the training, in [0, 1).
   * @param step counted from 1.
   * @throws InputError when the loss is not finite or a layer finds a NaN.
   */
  step(batch: TrainingBatch, p: number, step: number): StepResult {
    const { model, recipe } = this.options;
    setProgress(model, p);
    const { gradients, ...result } = this.gradients(batch);
    clipGradients(gradients, this.parameters, recipe.clip);
    this.optimizer.step(gradients, step, this.factor(p));
    for (const gradient of gradients.values()) gradient.dispose();
    return result;
  }

  /** Frees the slots and the listeners. */
  dispose(): void {
    this.recorder.dispose();
    this.optimizer.dispose();
  }

  private gradients(batch: TrainingBatch) {
    const result = batch.gradients(this.optimizer.parameters);
    if (Number.isFinite(result.loss)) return result;
    tf.dispose([...result.gradients.values()]);
    throw new InputError(
      `the loss is ${result.loss}${this.culprit()}; lower the learning rate or eta, or clip the gradients`,
    );
  }

  /** The first layer whose weights are not finite. */
  private culprit(): string {
    const broken = this.parameters.find(
      ({ variable }) => !variable.dataSync().every((value) => Number.isFinite(value)),
    );
    return broken === undefined
      ? ' although all weights are finite'
      : `: ${broken.key} of layer "${broken.layer}" holds values that are not finite`;
  }
}

/**
 * Runs what belongs to a step; what the user can mend is told with the step at which it happened.
 *
 * @param where e.g. "step 12 (epoch 1)".
 * @throws InputError for one that the work throws, and for a full memory.
 */
export function atStep<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const mistake = error instanceof InputError ? error : asOutOfMemory(error);
    if (mistake === undefined) throw error;
    throw new InputError(`the training broke off at ${where}: ${mistake.message}`, {
      cause: error,
    });
  }
}
