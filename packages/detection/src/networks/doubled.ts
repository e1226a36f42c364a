/** A feature map twice as large, each pixel four times: the way down of a feature pyramid. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { serialization } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** Input float32 [batch, height, width, channels], output [batch, 2 height, 2 width, channels], nearest neighbour. */
export class Doubled2D extends tfl.layers.Layer {
  static readonly className = 'Doubled2D';

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

  override computeOutputShape(inputShape: tfl.Shape | tfl.Shape[]): tfl.Shape {
    const [batch, height, width, channels] = inputShape as tfl.Shape;
    return [batch, 2 * Number(height), 2 * Number(width), channels];
  }
}

let registered = false;

export function doubled2d(name: string): Doubled2D {
  if (!registered) serialization.registerClass(Doubled2D);
  registered = true;
  return new Doubled2D({ name });
}
