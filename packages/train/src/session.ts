/**
 * One training in memory: the model with its optimizer, statistics and counters; one step of it; and its whole
 * state out into a checkpoint and back in. Knows no files.
 */
import { binaryLayers, setProgress } from '@surge-bnn/core';
import * as tf from '@tensorflow/tfjs-core';
import { WeightAverage } from './averaging/weight-average.js';
import type { Checkpoint, CheckpointState } from './checkpoint/checkpoint.js';
import type { StoredTensor } from './checkpoint/safetensors.js';
import { loadWeights, stored, storedTensor } from './checkpoint/weights.js';
import { accuracyAt, better, evaluationMetrics } from './epoch-results.js';
import type { TrainingBatch } from './gradients.js';
import { hashWeights } from './hash.js';
import type { StatisticsRecorder } from './layer-statistics.js';
import type { GroupedOptimizer } from './optimizers/groups.js';
import { parametersOf, withoutAuxiliaries } from './parameters.js';
import type { Parameter } from './parameters.js';
import { etaSchedule } from './recipe/recipe.js';
import type { Recipe } from './recipe/schema.js';
import { RunningMeans } from './running-means.js';
import type { Running } from './running-means.js';
import type { SessionOptions, StageStart } from './session-options.js';
import { progressAt } from './schedules.js';
import { atStep, Trainer } from './trainer.js';
import type { AccuracyAt, EpochMetrics, Evaluation, StageResult } from './types.js';

export class Session {
  /** Whole epochs of the run done, those of former stages included. */
  epoch: number;
  /** Batches of the running epoch done. */
  batch = 0;
  /** Optimizer steps of the run done. */
  step: number;
  /** Of this stage. */
  last: AccuracyAt | undefined;
  best: AccuracyAt | undefined;
  /** Of the averaged weights. */
  averaged: StageResult['averaged'];
  /** The averaged weights of a recipe that asks for them. */
  readonly average: WeightAverage | undefined;
  private readonly means = new RunningMeans();
  private readonly parameters: Parameter[];
  private readonly optimizer: GroupedOptimizer;
  private readonly recorder: StatisticsRecorder;
  private readonly trainer: Trainer;
  private readonly eta: ((p: number) => number) | undefined;
  private initialWeights: string;
  /** Of the run, at the beginning of this stage. */
  private readonly firstEpoch: number;
  private readonly firstStep: number;

  constructor(private readonly options: SessionOptions) {
    const { recipe, stage } = options;
    this.epoch = this.firstEpoch = stage?.epochs ?? 0;
    this.step = this.firstStep = stage?.steps ?? 0;
    // Before an optimizer turns latent weights into what it works on (Bop: signs).
    this.parameters = parametersOf(options.model);
    this.initialWeights = stage?.initialWeights ?? this.weightsHash();
    this.trainer = new Trainer(options);
    this.optimizer = this.trainer.optimizer;
    this.recorder = this.trainer.recorder;
    this.eta = etaSchedule(recipe);
    this.average = recipe.averaging && new WeightAverage(this.parameters, recipe.averaging);
  }

  /** Epochs of the run that are done when this stage is. */
  get lastEpoch(): number {
    return this.firstEpoch + this.options.recipe.epochs;
  }

  get stage(): StageStart | undefined {
    return this.options.stage;
  }

  get sources(): SessionOptions['sources'] {
    return this.options.sources;
  }

  /** What this stage has come to so far. */
  get result(): StageResult {
    const { last, best, averaged } = this;
    return { epochs: this.epoch - this.firstEpoch, last, best, averaged };
  }

  /** sha256 of the weights that ship (without auxiliaries), now. */
  weightsHash(): string {
    return hashWeights(withoutAuxiliaries(this.parameters));
  }

  /** The same at the start: equal for the two runs of a pair with and without SURGE. */
  get initialWeightsHash(): string {
    return this.initialWeights;
  }

  /** Means over the running epoch's batches. */
  get running(): Running {
    return this.means.means;
  }

  /**
   * One optimizer step; returns the batch's mean loss.
   *
   * @throws InputError naming the step when the loss is not finite, a layer finds a NaN, or the memory is full.
   */
  trainStep(batch: TrainingBatch): number {
    const where = `step ${this.step + 1} (epoch ${this.epoch + 1})`;
    const result = atStep(where, () =>
      this.trainer.step(batch, this.progress(), this.step - this.firstStep + 1),
    );
    this.step += 1;
    this.batch += 1;
    this.means.add(result, batch.count);
    this.average?.step(this.progressOf(this.step - 1), this.batch === this.options.stepsPerEpoch);
    return result.loss;
  }

  /** The weights as they are, auxiliaries included. */
  weights(): Map<string, StoredTensor> {
    return new Map(
      this.parameters.map(({ key, variable }) => [`weights/${key}`, stored(variable)]),
    );
  }

  /** Closes the epoch: its line of metrics, with the evaluation if there was one. */
  endEpoch(evaluation: Evaluation | undefined, averaged?: Evaluation): EpochMetrics {
    const { recipe } = this.options;
    this.epoch += 1;
    const p = this.progressOf(this.step - 1);
    const eta = this.eta?.(p);
    const { loss, accuracy, parts } = this.running;
    const metrics: EpochMetrics = {
      epoch: this.epoch,
      ...(this.stage === undefined ? {} : { stage: this.stage.index + 1 }),
      step: this.step,
      learningRate: baseRate(recipe) * this.trainer.factor(p),
      ...(eta === undefined ? {} : { eta }),
      trainLoss: loss,
      ...(accuracy === undefined ? {} : { trainAccuracy: accuracy }),
      ...(parts === undefined ? {} : { trainParts: parts }),
      ...evaluationMetrics(evaluation, averaged),
      layers: this.recorder.take(),
    };
    this.batch = 0;
    this.means.reset();
    if (evaluation !== undefined) {
      this.last = accuracyAt(evaluation, this.epoch);
      this.best = better(this.last, this.best);
    }
    if (averaged !== undefined) {
      const last = accuracyAt(averaged, this.epoch);
      this.averaged = { last, best: better(last, this.averaged?.best) };
    }
    return metrics;
  }

  /** Everything, as plain data. @param logs lengths of the log files that belong to this state. */
  save(logs: CheckpointState['logs']): Checkpoint {
    const { recipe, engine, model, dataHash } = this.options;
    const { sums: layers, signs } = this.recorder.state();
    const { stage, sources } = this.options;
    const average = this.average?.save();
    const state: CheckpointState = {
      recipe: stage?.recipe ?? recipe,
      ...(stage === undefined ? {} : { stage: stage.index, stagesBefore: [...stage.before] }),
      ...(sources === undefined ? {} : { sources }),
      ...(average === undefined ? {} : { averages: average.count }),
      engine,
      epoch: this.epoch,
      batch: this.batch,
      step: this.step,
      p: this.progress(),
      random: { seed: recipe.seed, epoch: this.epoch, batch: this.batch },
      sums: this.means.save(),
      layers,
      compensators: Object.fromEntries(
        binaryLayers(model).map((layer) => [layer.name, layer.compensatorState()]),
      ),
      last: this.last,
      best: this.best,
      averaged: this.averaged,
      hashes: { initialWeights: this.initialWeights, data: dataHash },
      logs,
    };
    const tensors = new Map<string, StoredTensor>([...this.weights(), ...(average?.tensors ?? [])]);
    for (const [key, slot] of this.optimizer.slots()) tensors.set(`optimizer/${key}`, stored(slot));
    for (const [name, values] of signs) {
      tensors.set(`signs/${name}`, { shape: [values.length], values });
    }
    return { state, tensors };
  }

  /**
   * The reverse of `save`.
   *
   * @throws InputError naming a tensor that is missing or has another shape.
   */
  restore({ state, tensors }: Checkpoint): void {
    const { model } = this.options;
    loadWeights(this.parameters, tensors);
    const read = (name: string, shape: readonly number[]) => {
      const { values } = storedTensor(tensors, name, shape);
      return tf.tensor(Float32Array.from(values), [...shape]);
    };
    this.optimizer.restore((name, shape) => read(`optimizer/${name}`, shape));
    this.average?.restore(state.averages ?? 0, read);
    const signs = new Map<string, Uint8Array>();
    for (const layer of binaryLayers(model)) {
      const size = layer.binaryKernel.read().size;
      const { values } = storedTensor(tensors, `signs/${layer.name}`, [size]);
      signs.set(layer.name, Uint8Array.from(values));
      layer.restoreCompensatorState(state.compensators[layer.name] ?? {});
    }
    this.recorder.restore({ sums: state.layers, signs });
    this.epoch = state.epoch;
    this.batch = state.batch;
    this.step = state.step;
    this.means.restore(state.sums);
    this.last = state.last;
    this.best = state.best;
    this.averaged = state.averaged;
    this.initialWeights = state.hashes.initialWeights;
    // An evaluation that is due now sees the weights as the last step did: they may still be real.
    setProgress(model, this.progressOf(Math.max(this.firstStep, this.step - 1)));
  }

  /** Frees the network, the slots and the listeners. */
  dispose(): void {
    this.trainer.dispose();
    this.average?.dispose();
    const { model, dispose = () => model.dispose() } = this.options;
    dispose();
  }

  /** p of the next step. */
  private progress(): number {
    return this.progressOf(this.step);
  }

  private progressOf(step: number): number {
    const { recipe, stepsPerEpoch } = this.options;
    const done = step - this.firstStep;
    return progressAt(done, stepsPerEpoch, recipe.epochs, recipe.floorToEpochs);
  }
}

function baseRate({ optimizer }: Recipe): number {
  return optimizer.name === 'bop' ? optimizer.gamma : optimizer.learningRate;
}
