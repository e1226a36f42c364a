/** Channels of zeros around the channels of x: what stands in for a projection in a shortcut without weights. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';

/**
 * y = [0 .. 0, x, 0 .. 0] along the last axis; the gradient is the channels of dy in between.
 *
 * Both directions avoid tf.pad and tf.slice, whose CPU kernels compute a list of coordinates for every number.
 *
 * @param x float32 of any rank from 1; its numbers come through bit for bit.
 * @param before, after how many channels of zeros.
 */
export function padChannels(x: Tensor, before: number, after: number): Tensor {
  for (const count of [before, after]) {
    if (Number.isInteger(count) && count >= 0) continue;
    throw new InputError(
      `padChannels: before and after must be whole numbers >= 0, got ${before} and ${after}`,
    );
  }
  return tf.customGrad((given) => {
    const input = given as Tensor;
    const value = tf.tidy(() => {
      const zeros = (channels: number) => tf.zeros([...input.shape.slice(0, -1), channels]);
      const parts = [
        ...(before > 0 ? [zeros(before)] : []),
        input,
        ...(after > 0 ? [zeros(after)] : []),
      ];
      return parts.length === 1 ? tf.clone(input) : tf.concat(parts, -1);
    });
    const shape = input.shape;
    return { value, gradFunc: (dy: Tensor) => between(dy, shape, before) };
  })(x);
}

/** The channels of dy from `before` on, as the product with a matrix that picks them: one pass of a fast kernel. */
function between(dy: Tensor, shape: number[], before: number): Tensor {
  const [padded, channels] = [dy.shape, shape].map((s) => s[s.length - 1]);
  const pick = new Float32Array(padded * channels);
  for (let c = 0; c < channels; c++) pick[(before + c) * channels + c] = 1;
  return tf.tidy(() => {
    const rows = tf.reshape(dy, [-1, padded]);
    return tf.reshape(tf.matMul(rows, tf.tensor2d(pick, [padded, channels])), shape);
  });
}
