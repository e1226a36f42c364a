/** Channels of zeros around the channels of x: what stands in for a projection in a shortcut without weights. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';

/**
 * y = [0 .. 0, x, 0 .. 0] along the last axis; the gradient is the channels of dy in between.
 *
 * Not tf.pad, whose CPU kernel computes a list of coordinates for every number; nor the gradient of tf.concat, which cuts out the zeros'
 * parts too.
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
    const begin = [...shape.slice(1).map(() => 0), before];
    return { value, gradFunc: (dy: Tensor) => tf.slice(dy, begin, shape) };
  })(x);
}
