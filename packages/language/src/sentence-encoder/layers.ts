/** The layers that only the sentence encoder has: a signal for positions, the mean over pieces, unit vectors. */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { baseOptions, registerOnce, type BaseOptions, type LayerShape } from '@surge-bnn/core';
import { sizes } from '../layers/shapes.js';

export interface PositionSignalOptions extends BaseOptions {
  /** Angle from one position to the next, for each half of the width. */
  timescales: number[];
  /** What the vectors are multiplied with. */
  factor: number;
}

/** factor x + [sin(p t), cos(p t)] of position p (Vaswani et al. 2017, 3.5). */
export class PositionSignal extends tfl.layers.Layer {
  static readonly className = 'PositionSignal';
  private readonly timescales: number[];
  private readonly factor: number;

  constructor(options: PositionSignalOptions) {
    super(baseOptions(options, 'positionSignal', ['timescales', 'factor']));
    this.timescales = [...options.timescales];
    this.factor = options.factor;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const [, length, width] = x.shape;
    const signal = new Float32Array(length * width);
    for (let p = 0; p < length; p++) {
      this.timescales.forEach((t, i) => {
        signal[p * width + i] = Math.sin(p * t);
        signal[p * width + this.timescales.length + i] = Math.cos(p * t);
      });
    }
    return tf.add(tf.mul(x, this.factor), tf.tensor2d(signal, [length, width]));
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), timescales: this.timescales, factor: this.factor };
  }
}

/** Of [vectors, mask], [batch, length, width] and int32 [batch, length]: the mean of those whose mask is 1, [batch, width]; 0 where there is none. */
export class MaskedMean extends tfl.layers.Layer {
  static readonly className = 'MaskedMean';

  override call(inputs: Tensor | Tensor[]): Tensor {
    const [x, mask] = Array.isArray(inputs) ? inputs : [inputs];
    const weights = tf.cast(mask, 'float32');
    const [batch, length, width] = x.shape;
    const row = tf.reshape(weights, [batch, 1, length]);
    const sums = tf.reshape(tf.matMul(row, x), [batch, width]);
    return tf.div(sums, tf.maximum(tf.sum(weights, 1, true), 1));
  }

  override computeOutputShape(inputShape: LayerShape) {
    const [batch, , width] = sizes(inputShape);
    return [batch, width];
  }
}

/** Each row divided by its length. */
export class UnitLength extends tfl.layers.Layer {
  static readonly className = 'UnitLength';

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const squared = tf.sum(tf.square(x), -1, true);
    return tf.mul(x, tf.rsqrt(tf.maximum(squared, 1e-12)));
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShape;
  }
}

export function positionSignal(options: PositionSignalOptions): PositionSignal {
  registerOnce(PositionSignal);
  return new PositionSignal(options);
}

export function maskedMean(options: BaseOptions): MaskedMean {
  registerOnce(MaskedMean);
  return new MaskedMean(baseOptions(options, 'maskedMean'));
}

export function unitLength(options: BaseOptions): UnitLength {
  registerOnce(UnitLength);
  return new UnitLength(baseOptions(options, 'unitLength'));
}
