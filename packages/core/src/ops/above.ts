/**
 * Comparisons as float32 numbers, 1 or 0, by tf.step: engines have it, while TF.js's comparisons run on its plain kernels, which made
 * three quarters of a training step with a surrogate that is composed. A NaN stays one.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** 1 where x > limit, else 0. The difference of two float32 numbers has the sign of their comparison, however it rounds. */
export function above(x: Tensor, limit: Tensor | number): Tensor {
  return limit === 0 ? tf.step(x) : tf.step(tf.sub(x, limit));
}

/** 1 where x <= limit, else 0. */
export function notAbove(x: Tensor, limit: Tensor | number): Tensor {
  return tf.sub(1, above(x, limit));
}
