/** Layer norm as a layer. */
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { layerNorm as normalise } from '../ops/layer-norm.js';
import { baseOptions, channelsOf } from './base-options.js';
import type { BaseOptions, LayerShape } from './base-options.js';
import { registerOnce } from './registration.js';

export interface LayerNormOptions extends BaseOptions {
  /** Default 1e-5, as PyTorch has it (BERT's is 1e-12, TF.js's own layer has 1e-3). */
  epsilon?: number;
}

/** @see {@link layerNorm} */
export class LayerNorm extends tfl.layers.Layer {
  static readonly className = 'SurgeLayerNorm';
  readonly epsilon: number;
  private weightsOf: Record<'gamma' | 'beta', tfl.LayerVariable> | undefined;

  constructor(options: LayerNormOptions = {}) {
    super(baseOptions(options, 'layerNorm', ['epsilon']));
    this.epsilon = options.epsilon ?? 1e-5;
    // Every position is normalised by itself, so a mask passes through.
    this.supportsMasking = true;
    if (!(this.epsilon > 0 && Number.isFinite(this.epsilon))) {
      throw new InputError(
        `layer "${this.name}": epsilon must be a number above 0, got ${this.epsilon}`,
      );
    }
  }

  override build(inputShape: LayerShape): void {
    const shape = [channelsOf(inputShape, this.name)];
    this.weightsOf = {
      gamma: this.addWeight('gamma', shape, 'float32', tfl.initializers.ones()),
      beta: this.addWeight('beta', shape, 'float32', tfl.initializers.zeros()),
    };
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const weights = this.weightsOf;
    if (weights === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    return normalise(x, weights.gamma.read(), weights.beta.read(), this.epsilon);
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), epsilon: this.epsilon };
  }
}

/**
 * Layer norm over the last axis, with learnable gamma and beta per channel; the same in training and evaluation.
 * One op forward and one backward (fused where the backend has it).
 */
export function layerNorm(options: LayerNormOptions = {}): LayerNorm {
  registerOnce(LayerNorm);
  return new LayerNorm(options);
}
