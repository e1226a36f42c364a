/** The loss of yes-or-no logits, with its gradient in closed form. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradSaveFunc, Scalar, Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';

/**
 * Sum over all entries of -z log sigmoid(x) - (1 - z) log(1 - sigmoid(x)), computed as max(x, 0) - x z + log(1 + exp(-|x|)), where
 * nothing overflows. Its slope is sigmoid(x) - z.
 *
 * @param logits x. @param target z in [0, 1]; no gradient goes there. @returns a float32 scalar, 0 for no entries.
 */
export function binaryCrossEntropySum(logits: Tensor, target: Tensor): Scalar {
  if (!tf.util.arraysEqual(logits.shape, target.shape)) {
    throw new InputError(
      `binaryCrossEntropySum: logits and target must have one shape, got [${logits.shape}] and [${target.shape}]`,
    );
  }
  if (logits.size === 0) return tf.scalar(0);
  const op = tf.customGrad((given, save) => {
    const x = given as Tensor;
    (save as GradSaveFunc)([x, target]);
    const linear = tf.sub(tf.relu(x), tf.mul(x, target));
    return {
      value: tf.sum(tf.add(linear, tf.log1p(tf.exp(tf.neg(tf.abs(x)))))),
      gradFunc: (dy: Tensor, [logit, z]: Tensor[]) => tf.mul(tf.sub(tf.sigmoid(logit), z), dy),
    };
  });
  return op(logits) as Scalar;
}
