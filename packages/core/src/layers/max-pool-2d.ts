/** Max-pooling whose padding may be a number on all sides. */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { convGeometry, InputError } from '@surge-bnn/contract';
import type { Padding } from '@surge-bnn/contract';
import { baseOptions, pictureShape } from './base-options.js';
import type { BaseOptions, LayerShape } from './base-options.js';
import { registerOnce } from './registration.js';
import { tfPadding } from './tf-padding.js';

export interface MaxPool2DOptions extends BaseOptions {
  poolSize: number | [number, number];
  /** Default: the size of the pool. */
  strides?: number | [number, number];
  /** Default 'valid'; a number adds that many rows and columns on all four sides, which win nowhere, as PyTorch has it. */
  padding?: Padding;
}

/** @see {@link maxPool2d} */
export class MaxPool2D extends tfl.layers.Layer {
  static readonly className = 'SurgeMaxPool2D';
  private readonly poolSize: readonly [number, number];
  private readonly strides: readonly [number, number];
  private readonly padding: Padding;

  constructor(options: MaxPool2DOptions) {
    super(baseOptions(options, 'maxPool2d', ['poolSize', 'strides', 'padding']));
    const { poolSize, strides = poolSize, padding = 'valid' } = options;
    this.poolSize = typeof poolSize === 'number' ? [poolSize, poolSize] : poolSize;
    this.strides = typeof strides === 'number' ? [strides, strides] : strides;
    this.padding = padding;
    if (!this.poolSize.every((n) => Number.isInteger(n) && n > 0)) {
      throw new InputError(
        `layer "${this.name}": poolSize must be one or two whole numbers > 0, got ${poolSize}`,
      );
    }
    // A window that lies in the padding alone would have no largest number.
    if (typeof padding === 'number' && this.poolSize.some((n) => padding >= n)) {
      throw new InputError(
        `layer "${this.name}": padding must be smaller than the pool of ${this.poolSize.join('x')}, got ${padding}`,
      );
    }
  }

  /** Geometry for a batch of pictures of this shape. */
  geometry(inputShape: readonly number[]) {
    const channels = inputShape[3];
    const window = [...this.poolSize, channels, channels];
    const { strides, padding } = this;
    return convGeometry(inputShape, window, { strides, padding }, this.name);
  }

  override build(inputShape: LayerShape): void {
    const shape = pictureShape(inputShape, this.name);
    this.geometry([1, ...shape.slice(1)]); // refuses what does not fit
    this.built = true;
  }

  override computeOutputShape(inputShape: LayerShape) {
    const shape = pictureShape(inputShape, this.name);
    const g = this.geometry([1, ...shape.slice(1)]);
    return [shape[0], g.outHeight, g.outWidth, g.outChannels];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor4D;
    return tf.maxPool(x, [...this.poolSize], [...this.strides], tfPadding(this.padding));
  }

  override getConfig(): serialization.ConfigDict {
    const { poolSize, strides, padding } = this;
    return { ...super.getConfig(), poolSize: [...poolSize], strides: [...strides], padding };
  }
}

/**
 * The largest number of each window and channel. TF.js's own layer pads as TensorFlow does: at stride 2 below and to the right
 * only, so that the stem of a ResNet from PyTorch (3x3/2, padding 1) would look at other pixels.
 * Input float32 [batch, height, width, channels], output [batch, height', width', channels].
 */
export function maxPool2d(options: MaxPool2DOptions): MaxPool2D {
  registerOnce(MaxPool2D);
  return new MaxPool2D(options);
}
