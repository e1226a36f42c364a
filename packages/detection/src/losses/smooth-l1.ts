/** The loss of box regressions, with its gradient in closed form. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradSaveFunc, Scalar, Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';

/**
 * Sum of smooth L1 (Fast R-CNN, arXiv 1504.08083, equation 3) over all entries: with d = prediction - target it is d^2 / (2 beta)
 * where |d| < beta, else |d| - beta / 2. Its slope is d / beta, clipped to [-1, 1].
 *
 * @param beta 0: plain L1, whose slope at 0 is 0.
 * @param target no gradient goes there. @returns a float32 scalar, 0 for no entries.
 */
export function smoothL1Sum(prediction: Tensor, target: Tensor, beta: number): Scalar {
  if (!tf.util.arraysEqual(prediction.shape, target.shape) || !(beta >= 0)) {
    throw new InputError(
      `smoothL1Sum: prediction and target must have one shape and beta be >= 0, got [${prediction.shape}], [${target.shape}] and ${beta}`,
    );
  }
  if (prediction.size === 0) return tf.scalar(0);
  const op = tf.customGrad((given, save) => {
    const difference = tf.sub(given as Tensor, target);
    const distance = tf.abs(difference);
    // min(|d|, beta) (|d| - min(|d|, beta) / 2) / beta is both branches in one.
    const bent = tf.minimum(distance, beta);
    const loss =
      beta === 0 ? distance : tf.div(tf.mul(bent, tf.sub(distance, tf.mul(bent, 0.5))), beta);
    (save as GradSaveFunc)([difference]);
    return {
      value: tf.sum(loss),
      gradFunc: (dy: Tensor, [d]: Tensor[]) =>
        tf.mul(beta === 0 ? tf.sign(d) : tf.clipByValue(tf.div(d, beta), -1, 1), dy),
    };
  });
  return op(prediction) as Scalar;
}
