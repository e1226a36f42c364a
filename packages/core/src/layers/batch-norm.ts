/** Batch norm as a layer, with moving statistics for evaluation. */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { batchNormEvaluation, batchNormTraining } from '../ops/batch-norm.js';
import { hardTanh, hardTanhBounds } from '../ops/hard-tanh.js';
import { movedStatistics } from '../ops/moving-statistics.js';
import { baseOptions, channelsOf, inputShapes, shapeText } from './base-options.js';
import type { BaseOptions, LayerShape } from './base-options.js';
import { registerOnce } from './registration.js';

export interface BatchNormOptions extends BaseOptions {
  /** Share of the old moving statistics kept at each step (PyTorch's momentum 0.1 is 0.9 here). Default 0.9. */
  momentum?: number;
  /** Default 1e-5. */
  epsilon?: number;
  /** false: without gamma, which a sign behind the norm looks at only for its own sign. Default true. */
  scale?: boolean;
  /**
   * What stands behind the norm; with it the layer takes one tensor or two of one shape, [x, shortcut], and gives
   * hardTanh(norm(x) + shortcut), in training without writing the norm's own output. Default: nothing.
   */
  activation?: 'hardTanh';
}

/** @see {@link batchNorm} */
export class BatchNorm extends tfl.layers.Layer {
  static readonly className = 'SurgeBatchNorm';
  readonly momentum: number;
  readonly epsilon: number;
  readonly activation: 'hardTanh' | undefined;
  readonly scale: boolean;
  /** Training passes since `restartStatistics`; undefined while the moving average runs. */
  private passes: number | undefined;
  private weightsOf:
    | (Record<'beta' | 'mean' | 'variance', tfl.LayerVariable> & { gamma?: tfl.LayerVariable })
    | undefined;

  constructor(options: BatchNormOptions = {}) {
    super(baseOptions(options, 'batchNorm', ['momentum', 'epsilon', 'scale', 'activation']));
    this.momentum = options.momentum ?? 0.9;
    this.epsilon = options.epsilon ?? 1e-5;
    this.activation = options.activation;
    this.scale = options.scale ?? true;
    if (!(this.momentum >= 0 && this.momentum < 1) || !(this.epsilon > 0)) {
      throw new InputError(
        `layer "${this.name}": momentum must lie in [0, 1) and epsilon above 0, got ${this.momentum} and ${this.epsilon}`,
      );
    }
    if (![undefined, 'hardTanh'].includes(this.activation)) {
      throw new InputError(
        `layer "${this.name}": activation must be hardTanh or left out, got ${JSON.stringify(this.activation)}`,
      );
    }
  }

  override build(inputShape: LayerShape): void {
    const shapes = inputShapes(inputShape);
    const same = shapes.every((shape) => shapeText(shape) === shapeText(shapes[0]));
    if (shapes.length > (this.activation === undefined ? 1 : 2) || !same) {
      throw new InputError(
        `layer "${this.name}": batchNorm takes one tensor, or with an activation two of one shape, got ${shapes.map(shapeText).join(' and ')}`,
      );
    }
    const channels = channelsOf(shapes[0], this.name);
    const zeros = tfl.initializers.zeros();
    const ones = tfl.initializers.ones();
    const make = (name: string, initial: typeof zeros, trainable: boolean) =>
      this.addWeight(name, [channels], 'float32', initial, undefined, trainable);
    this.weightsOf = {
      ...(this.scale && { gamma: make('gamma', ones, true) }),
      beta: make('beta', zeros, true),
      mean: make('movingMean', zeros, false),
      variance: make('movingVariance', ones, false),
    };
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    const weights = this.weightsOf;
    if (weights === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    const [x, shortcut] = Array.isArray(inputs) ? inputs : [inputs];
    const beta = weights.beta.read();
    const gammaOf = () => weights.gamma?.read() ?? tf.onesLike(beta);
    if (kwargs.training !== true) {
      const [mean, variance] = [weights.mean.read(), weights.variance.read()];
      return tf.tidy(() => {
        const gamma = gammaOf();
        const y = batchNormEvaluation(x, gamma, beta, mean, variance, this.epsilon);
        return this.activation === undefined ? y : hardTanh(y, shortcut);
      });
    }
    return tf.tidy(() => {
      const gamma = gammaOf();
      const tail = this.activation === undefined ? {} : { shortcut, ...hardTanhBounds };
      const { y, mean, variance } = batchNormTraining(x, gamma, beta, this.epsilon, tail);
      if (this.passes !== undefined) this.passes += 1;
      // The mean of n batches from that of n - 1: kept share (n - 1) / n, so the old statistics count nothing.
      const keep = this.passes === undefined ? this.momentum : 1 - 1 / this.passes;
      const moving = { mean: weights.mean.read(), variance: weights.variance.read() };
      const moved = movedStatistics(moving, { mean, variance }, x.size / gamma.size, keep);
      weights.mean.write(moved.mean);
      weights.variance.write(moved.variance);
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
    return inputShapes(inputShape)[0];
  }

  override getConfig(): serialization.ConfigDict {
    const { momentum, epsilon, scale, activation } = this;
    const rest = { ...(scale ? {} : { scale }), ...(activation && { activation }) };
    return { ...super.getConfig(), momentum, epsilon, ...rest };
  }
}

/**
 * Batch norm over all axes but the last. In training one op forward and one backward (fused where the backend
 * has it); in evaluation a x + b with the moving statistics. A hardTanh behind it, with or without a shortcut, is best told
 * as its `activation`: training is bound by the memory, and so the norm's output is never written.
 */
export function batchNorm(options: BatchNormOptions = {}): BatchNorm {
  registerOnce(BatchNorm);
  return new BatchNorm(options);
}
