/** One of the two networks: trained step by step, evaluated in between. */
import type { Model } from '@surge-bnn/core';
import type { ChannelStatistics } from '@surge-bnn/data/browser';
import {
  imageBatches,
  buildNetwork,
  compensate,
  evaluateModel,
  progressAt,
  reestimateOn,
  Trainer,
} from '@surge-bnn/train/browser';
import type { PlainBatch, Recipe, TrainingBatch } from '@surge-bnn/train/browser';
import type { Digits } from './digits-file.js';
import type { LayerReport } from './protocol.js';

/** Batches for batch norm's statistics in the middle of a training; at its end the recipe says how many. */
const passingReestimation = 10;

const recentSteps = 20;

export class Contestant {
  readonly model: Model;
  private readonly trainer: Trainer;
  private readonly trainingBatch: (batch: PlainBatch) => TrainingBatch;
  private losses: number[] = [];

  constructor(
    readonly recipe: Recipe,
    private readonly digits: Digits,
    private readonly normalization: ChannelStatistics,
    private readonly stepsPerEpoch: number,
  ) {
    const { height, width, channels, classes } = digits.train;
    this.model = buildNetwork(recipe, digits.train);
    compensate(this.model, recipe);
    const inputShape = [height, width, channels] as const;
    this.trainer = new Trainer({ recipe, model: this.model });
    this.trainingBatch = imageBatches(this.model, recipe, { inputShape, classes: classes.length });
  }

  /** @param done steps before this one. */
  step(batch: PlainBatch, done: number): void {
    const { epochs, floorToEpochs } = this.recipe;
    const p = progressAt(done, this.stepsPerEpoch, epochs, floorToEpochs);
    const { loss } = this.trainer.step(this.trainingBatch(batch), p, done + 1);
    this.losses = [...this.losses.slice(1 - recentSteps), loss];
  }

  /** The mean loss of the last steps: that of one batch says little. */
  recentLoss(): number {
    return this.losses.reduce((sum, loss) => sum + loss, 0) / this.losses.length;
  }

  /** What the layers' backwards measured, on average since the last call; none when a GPU has not told of all of them yet. */
  takeLayers(): LayerReport[] {
    const layers = this.trainer.recorder.take();
    return layers.every(({ normB }) => normB > 0)
      ? layers.map(({ lambda, cosine, clipped }) => ({ lambda, cosine, clipped }))
      : [];
  }

  /** Batch norm's statistics anew, for the weights as they are. @param final as the recipe asks for it at the end. */
  async settle(epoch: number, final: boolean): Promise<void> {
    const { reestimateNorm, batchSize, seed } = this.recipe;
    const count = final ? reestimateNorm : Math.min(reestimateNorm, passingReestimation);
    const { normalization } = this;
    await reestimateOn(this.model, this.digits.train, {
      ...{ count, epoch, batchSize, seed, normalization },
    });
  }

  /** Test digits that it reads rightly. */
  async correct(): Promise<number> {
    const { normalization } = this;
    const { correct } = await evaluateModel(this.model, this.digits.test, { normalization });
    return correct;
  }

  dispose(): void {
    this.trainer.dispose();
    this.model.dispose();
  }
}
