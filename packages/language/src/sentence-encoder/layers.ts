/** The layers that only the sentence encoder has: a signal for positions, the mean over pieces, unit vectors. */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import {
  baseOptions,
  inputShapes,
  registerOnce,
  type BaseOptions,
  type LayerShape,
} from '@surge-bnn/core';
import { checkIds } from '../layers/check-ids.js';
import { sizes } from '../layers/shapes.js';
import { ofType } from './pair-layers.js';

export interface PositionSignalOptions extends BaseOptions {
  /** Angle from one position to the next, for each half of the width. */
  timescales: number[];
  /** What the vectors are multiplied with. */
  factor: number;
  /** Most pieces of a sentence. */
  positions: number;
  /** The pieces of type 1 are a second sentence, whose positions start at 0 again. Default false. */
  pairs?: boolean;
}

/** @see {@link positionSignal} */
export class PositionSignal extends tfl.layers.Layer {
  static readonly className = 'PositionSignal';
  private readonly timescales: number[];
  private readonly factor: number;
  private readonly positions: number;
  private readonly pairs: boolean;

  constructor(options: PositionSignalOptions) {
    super(baseOptions(options, 'positionSignal', ['timescales', 'factor', 'positions', 'pairs']));
    this.timescales = [...options.timescales];
    this.factor = options.factor;
    this.positions = options.positions;
    this.pairs = options.pairs ?? false;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const [x, mask, types] = Array.isArray(inputs) ? inputs : [inputs];
    const [, length, width] = x.shape;
    const most = this.pairs ? 2 * this.positions : this.positions;
    if (length > most) {
      throw new InputError(
        `layer "${this.name}": a text has ${length} pieces, but there are ${this.positions} positions${this.pairs ? ' for each sentence' : ''}`,
      );
    }
    if (this.pairs) checkIds(types, 2, 'type', this.name);
    return tf.tidy(() => {
      const table = tf.tensor2d(this.signal(length), [length, width]);
      const scaled = tf.mul(x, this.factor);
      return tf.add(scaled, this.pairs ? tf.gather(table, places(mask, types)) : table);
    });
  }

  /** Of the positions 0 to length - 1, one row each. */
  private signal(length: number): Float32Array {
    const half = this.timescales.length;
    const signal = new Float32Array(2 * half * length);
    for (let p = 0; p < length; p++) {
      this.timescales.forEach((t, i) => {
        signal[2 * half * p + i] = Math.sin(p * t);
        signal[2 * half * p + half + i] = Math.cos(p * t);
      });
    }
    return signal;
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShapes(inputShape)[0];
  }

  override getConfig(): serialization.ConfigDict {
    const { timescales, factor, positions, pairs } = this;
    return { ...super.getConfig(), timescales, factor, positions, pairs };
  }
}

/** Each piece's place in its sentence: that in the row, less the length of the first sentence for the pieces of the second. */
function places(mask: Tensor, types: Tensor): Tensor {
  const [batch, length] = mask.shape;
  const first = tf.sum(tf.mul(mask, ofType(types, false)), 1, true);
  const inRow = tf.tile(tf.reshape(tf.range(0, length, 1, 'int32'), [1, length]), [batch, 1]);
  return tf.sub(inRow, tf.mul(types, first));
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

export interface UnitLengthOptions extends BaseOptions {
  /** The length that rows get. Default 1. */
  size?: number;
}

/** @see {@link unitLength} */
export class UnitLength extends tfl.layers.Layer {
  static readonly className = 'UnitLength';
  private readonly size: number;

  constructor(options: UnitLengthOptions) {
    super(baseOptions(options, 'unitLength', ['size']));
    this.size = options.size ?? 1;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const squared = tf.sum(tf.square(x), -1, true);
    const unit = tf.mul(x, tf.rsqrt(tf.maximum(squared, 1e-12)));
    return this.size === 1 ? unit : tf.mul(unit, this.size);
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), size: this.size };
  }
}

/**
 * Of [x, mask, types], float32 [batch, length, width] and int32 [batch, length] twice: factor x + [sin(p t), cos(p t)] of each piece's position p
 * (Vaswani et al. 2017, 3.5).
 */
export function positionSignal(options: PositionSignalOptions): PositionSignal {
  registerOnce(PositionSignal);
  return new PositionSignal(options);
}

export function maskedMean(options: BaseOptions): MaskedMean {
  registerOnce(MaskedMean);
  return new MaskedMean(baseOptions(options, 'maskedMean'));
}

/** Each row as a vector of one length. */
export function unitLength(options: UnitLengthOptions): UnitLength {
  registerOnce(UnitLength);
  return new UnitLength(options);
}
