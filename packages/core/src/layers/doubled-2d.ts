/** A feature map twice as large, each pixel four times: the way down of a feature pyramid (FPN, arXiv 1612.03144). */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { baseOptions, pictureShape } from './base-options.js';
import type { BaseOptions, LayerShape } from './base-options.js';
import { registerOnce } from './registration.js';

/** @see {@link doubled2d} */
export class Doubled2D extends tfl.layers.Layer {
  static readonly className = 'Doubled2D';

  constructor(options: BaseOptions = {}) {
    super(baseOptions(options, 'doubled2d', []));
  }

  /** Concatenations, which engines are fast at, and their gradients are slices: TF.js's own resizing runs on a slow kernel. */
  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    return tf.tidy(() => {
      const [batch, height, width, channels] = x.shape;
      const pixels = tf.reshape(x, [batch * height * width, channels]);
      const rows = tf.reshape(tf.concat([pixels, pixels], 1), [
        batch * height,
        2 * width * channels,
      ]);
      return tf.reshape(tf.concat([rows, rows], 1), [batch, 2 * height, 2 * width, channels]);
    });
  }

  override computeOutputShape(inputShape: LayerShape): tfl.Shape {
    const [batch, height, width, channels] = pictureShape(inputShape, this.name);
    return [batch, 2 * height, 2 * width, channels];
  }
}

/** Input float32 [batch, height, width, channels], output [batch, 2 height, 2 width, channels], nearest neighbour. */
export function doubled2d(options: BaseOptions = {}): Doubled2D {
  registerOnce(Doubled2D);
  return new Doubled2D(options);
}
