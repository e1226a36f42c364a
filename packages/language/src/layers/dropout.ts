/** Dropout whose masks depend on a seed and the training step. */
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import { registerOnce, type LayerShape } from '@surge-bnn/core';
import { dropout as dropoutOp } from '../ops/dropout.js';
import { RandomLayer, type RandomLayerOptions } from './random-layer.js';

/** @see {@link dropout} */
export class Dropout extends RandomLayer {
  static readonly className = 'SurgeDropout';

  constructor(options: RandomLayerOptions = {}) {
    super(options, 'dropout', []);
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const draw = this.draw(kwargs.training === true);
    return draw === undefined ? x : dropoutOp(x, draw);
  }

  /** In evaluation it does nothing. */
  canonicalCall([x]: readonly Tensor[]): Tensor {
    return x;
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.rate, seed: this.seed };
  }
}

/** In training a share `rate` of the entries is 0 and the others are 1 / (1 - rate) times as large; in evaluation all are as they are. */
export function dropout(options: RandomLayerOptions): Dropout {
  registerOnce(Dropout);
  return new Dropout(options);
}
