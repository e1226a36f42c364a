/** Batch norm as a layer, with moving statistics for evaluation. */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { batchNormEvaluation, batchNormTraining } from '../ops/batch-norm.js';
import { baseOptions, channelsOf } from './base-options.js';
import type { BaseOptions, LayerShape } from './base-options.js';
import { registerOnce } from './registration.js';

export interface BatchNormOptions extends BaseOptions {
  /** Share of the old moving statistics kept at each step (PyTorch's momentum 0.1 is 0.9 here). Default 0.9. */
  momentum?: number;
  /** Default 1e-5. */
  epsilon?: number;
}

/** @see {@link batchNorm} */
export class BatchNorm extends tfl.layers.Layer {
  static readonly className = 'SurgeBatchNorm';
  readonly momentum: number;
  readonly epsilon: number;
  /** Training passes since `restartStatistics`; undefined while the moving average runs. */
  private passes: number | undefined;
  private weightsOf: Record<'gamma' | 'beta' | 'mean' | 'variance', tfl.LayerVariable> | undefined;

  constructor(options: BatchNormOptions = {}) {
    super(baseOptions(options, 'batchNorm', ['momentum', 'epsilon']));
    this.momentum = options.momentum ?? 0.9;
    this.epsilon = options.epsilon ?? 1e-5;
    if (!(this.momentum >= 0 && this.momentum < 1) || !(this.epsilon > 0)) {
      throw new InputError(
        `layer "${this.name}": momentum must lie in [0, 1) and epsilon above 0, got ${this.momentum} and ${this.epsilon}`,
      );
    }
  }

  override build(inputShape: LayerShape): void {
    const channels = channelsOf(inputShape, this.name);
    const zeros = tfl.initializers.zeros();
    const ones = tfl.initializers.ones();
    const make = (name: string, initial: typeof zeros, trainable: boolean) =>
      this.addWeight(name, [channels], 'float32', initial, undefined, trainable);
    this.weightsOf = {
      gamma: make('gamma', ones, true),
      beta: make('beta', zeros, true),
      mean: make('movingMean', zeros, false),
      variance: make('movingVariance', ones, false),
    };
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    const weights = this.weightsOf;
    if (weights === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const gamma = weights.gamma.read();
    const beta = weights.beta.read();
    if (kwargs.training !== true) {
      const { mean, variance } = weights;
      return batchNormEvaluation(x, gamma, beta, mean.read(), variance.read(), this.epsilon);
    }
    return tf.tidy(() => {
      const { y, mean, variance } = batchNormTraining(x, gamma, beta, this.epsilon);
      // The moving variance takes the unbiased estimate, as PyTorch and Keras have it.
      const rows = x.size / gamma.size;
      if (this.passes !== undefined) this.passes += 1;
      this.move(weights.mean, mean);
      this.move(weights.variance, rows > 1 ? tf.mul(variance, rows / (rows - 1)) : variance);
      return y;
    });
  }

  /** From the next training pass on, the statistics are the plain mean over the passes since this call. */
  restartStatistics(): void {
    this.passes = 0;
  }

  /** Back to the moving average, from the statistics as they are. */
  resumeMovingStatistics(): void {
    this.passes = undefined;
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), momentum: this.momentum, epsilon: this.epsilon };
  }

  private move(moving: tfl.LayerVariable, batch: Tensor): void {
    // The mean of n batches from that of n - 1: kept share (n - 1) / n, so the old statistics count nothing.
    const m = this.passes === undefined ? this.momentum : 1 - 1 / this.passes;
    moving.write(tf.add(tf.mul(moving.read(), m), tf.mul(batch, 1 - m)));
  }
}

/**
 * Batch norm over all axes but the last. In training one op forward and one backward (fused where the backend
 * has it); in evaluation a x + b with the moving statistics.
 */
export function batchNorm(options: BatchNormOptions = {}): BatchNorm {
  registerOnce(BatchNorm);
  return new BatchNorm(options);
}
