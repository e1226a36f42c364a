/**
 * An average of the weights beside them: exponential (EMA) or the plain mean over the ends of epochs (SWA; Izmailov et al.
 * 2018). Of a binary layer the latent weights are averaged, and the average's signs are what ships. Batch norm's statistics
 * belong to weights, so the averaged ones need their own: `using` puts the average in the model's place for as long as they
 * are taken and the network is evaluated.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { StoredTensor } from '../checkpoint/safetensors.js';
import { stored } from '../checkpoint/weights.js';
import { withoutAuxiliaries } from '../parameters.js';
import type { Parameter } from '../parameters.js';
import type { AveragingSpec } from '../recipe/additions.js';

export class WeightAverage {
  /** How many weights went into it; 0 as long as p is before `from`. */
  private count = 0;
  private readonly parameters: readonly Parameter[];
  private readonly averages = new Map<string, tf.Tensor>();

  constructor(
    private readonly all: readonly Parameter[],
    private readonly spec: AveragingSpec,
  ) {
    this.parameters = withoutAuxiliaries(all).filter(({ trainable }) => trainable);
  }

  get started(): boolean {
    return this.count > 0;
  }

  /**
   * After an optimizer step.
   *
   * @param p of that step.
   * @param endsEpoch whether it was the last of its epoch.
   */
  step(p: number, endsEpoch: boolean): void {
    const { spec } = this;
    if (p < spec.from || (spec.type === 'swa' && !endsEpoch)) return;
    this.count += 1;
    // An EMA that began at zero would need a correction; it begins with the first weights.
    const weight = this.count === 1 ? 1 : spec.type === 'ema' ? 1 - spec.decay : 1 / this.count;
    for (const { key, variable } of this.parameters) {
      const before = this.averages.get(key);
      const next = tf.tidy(() =>
        before === undefined
          ? tf.mul(variable, 1)
          : tf.add(before, tf.mul(tf.sub(variable, before), weight)),
      );
      before?.dispose();
      this.averages.set(key, next);
    }
  }

  /** Runs the work with the averaged weights in the model; afterwards it is as it was, statistics included. */
  async using<T>(work: () => Promise<T>): Promise<T> {
    const kept = this.all.map(({ variable }) => tf.tidy(() => tf.mul(variable, 1)));
    try {
      for (const { key, variable } of this.parameters) {
        const average = this.averages.get(key);
        if (average !== undefined) variable.assign(average);
      }
      return await work();
    } finally {
      this.all.forEach(({ variable }, i) => {
        variable.assign(kept[i]);
      });
      tf.dispose(kept);
    }
  }

  /** For a checkpoint: how many, and the averages by "average/<key>". */
  save(): { readonly count: number; readonly tensors: Map<string, StoredTensor> } {
    const tensors = [...this.averages].map(([key, value]): [string, StoredTensor] => [
      `average/${key}`,
      stored(value),
    ]);
    return { count: this.count, tensors: new Map(tensors) };
  }

  /** @param read the stored values of "average/<key>". */
  restore(count: number, read: (name: string, shape: readonly number[]) => tf.Tensor): void {
    this.dispose();
    this.count = count;
    if (count === 0) return;
    for (const { key, variable } of this.parameters) {
      this.averages.set(key, read(`average/${key}`, variable.shape));
    }
  }

  dispose(): void {
    tf.dispose([...this.averages.values()]);
    this.averages.clear();
  }
}
