/** AdaBin's activation: a slope of its own for either side of 0. */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { baseOptions, channelsOf } from './base-options.js';
import type { BaseOptions, LayerShape } from './base-options.js';
import { registerOnce } from './registration.js';

export interface MaxoutOptions extends BaseOptions {
  /** Slope for positive inputs at the start, per channel. Default 1. */
  positive?: number;
  /** Slope for negative inputs at the start, per channel. Default 0.25. */
  negative?: number;
}

/** @see {@link maxout} */
export class Maxout extends tfl.layers.Layer {
  static readonly className = 'Maxout';
  private slopes: readonly tfl.LayerVariable[] = [];
  private readonly initial: { readonly positive: number; readonly negative: number };

  constructor({ positive = 1, negative = 0.25, ...rest }: MaxoutOptions = {}) {
    super(baseOptions(rest, 'maxout'));
    this.initial = { positive, negative };
  }

  override build(inputShape: LayerShape): void {
    const channels = channelsOf(inputShape, this.name);
    this.slopes = (['positive', 'negative'] as const).map((side) => {
      const initializer = tfl.initializers.constant({ value: this.initial[side] });
      return this.addWeight(side, [channels], 'float32', initializer);
    });
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const [positive, negative] = this.slopes.map((slope): Tensor => slope.read());
    // One summand is 0, so each output is one product, rounded once.
    return tf.tidy(() =>
      tf.add(tf.mul(tf.relu(x), positive), tf.mul(tf.relu(tf.neg(x)), tf.neg(negative))),
    );
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.initial };
  }
}

/**
 * AdaBin's two-slope max-out (arXiv 2208.08084, equation 15): y = positive x for x > 0, negative x for x < 0, both learnable per channel
 * (last axis), 1 and 0.25 at the start.
 */
export function maxout(options: MaxoutOptions = {}): Maxout {
  registerOnce(Maxout);
  return new Maxout(options);
}
