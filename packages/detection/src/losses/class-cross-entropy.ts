/** Softmax cross-entropy with class numbers. */
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { ops } from '@surge-bnn/core';

/**
 * Sum over the rows of -log softmax(logits)[class].
 * @param logits float32 [rows, classes]. @returns a float32 scalar, 0 for no rows.
 */
export function classCrossEntropySum(logits: Tensor2D, classes: Int32Array): Scalar {
  const [rows, count] = logits.shape;
  if (classes.length !== rows) {
    throw new InputError(
      `classCrossEntropySum: ${rows} rows need as many classes, got ${classes.length}`,
    );
  }
  if (rows === 0) return tf.scalar(0);
  const oneHot = new Float32Array(rows * count);
  classes.forEach((c, row) => {
    if (!(c >= 0 && c < count)) {
      throw new InputError(
        `classCrossEntropySum: class ${c} of row ${row} is not in 0 to ${count - 1}`,
      );
    }
    oneHot[row * count + c] = 1;
  });
  return tf.tidy(() => {
    const labels = tf.tensor2d(oneHot, [rows, count]);
    return tf.sum<Scalar>(ops.softmaxCrossEntropy(logits, labels));
  });
}
