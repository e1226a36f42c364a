/** PReLU with a hand-written gradient: TF.js's own composes its gradient of four passes over every entry. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradSaveFunc, Tensor } from '@tensorflow/tfjs-core';
import { InputError, PRELU_GRADIENT } from '@surge-bnn/contract';
import { ensureKernel, runKernel } from './kernel-registry.js';

/**
 * y = x < 0 ? alpha x : x, differentiable in both. At 0 the slope is alpha, as in TF.js and PyTorch.
 *
 * @param alpha float32: one number, or one for each entry of the last axis of x.
 */
export function prelu(x: Tensor, alpha: Tensor): Tensor {
  const channels = x.shape[x.rank - 1];
  const perChannel = alpha.size === channels && alpha.shape[alpha.rank - 1] === channels;
  if ((alpha.size !== 1 && !perChannel) || alpha.rank > x.rank) {
    throw new InputError(
      `prelu: alpha must be one number or one per channel of x [${x.shape}], got [${alpha.shape}]`,
    );
  }
  ensureKernel(PRELU_GRADIENT, backward);
  // TF.js types what follows the first argument as tensors or the function that saves: it comes last.
  const bend = tf.customGrad((input, slope, save) => {
    const inputs = [input as Tensor, slope as Tensor];
    (save as GradSaveFunc)(inputs);
    return {
      value: tf.prelu(inputs[0], inputs[1]),
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        runKernel(PRELU_GRADIENT, { dy, x: saved[0], alpha: saved[1] }, {}),
    };
  });
  return bend(x, alpha);
}

interface Backward {
  dy: Tensor;
  x: Tensor;
  alpha: Tensor;
}

function backward({ dy, x, alpha }: Backward): Tensor[] {
  const positive = tf.greater(x, 0);
  const dx = tf.where(positive, dy, tf.mul(dy, alpha));
  const byEntry = tf.where(positive, tf.zerosLike(dy), tf.mul(dy, x));
  const channels = alpha.size === 1 ? [] : [x.rank - 1];
  const axes = x.shape.map((_, axis) => axis).filter((axis) => !channels.includes(axis));
  return [dx, tf.reshape(tf.sum(byEntry, axes), alpha.shape)];
}
