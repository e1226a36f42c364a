/** Every pixel's vector of channels brought to length 1: one op with a hand-written gradient. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradSaveFunc, Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { l2NormEpsilon } from '@surge-bnn/runtime';

/**
 * y = scale x / max(|x|, 1e-12) with |x| over the last axis. Differentiable in x and scale; a vector of zeros stays one, with a finite gradient.
 *
 * @param x float32 [.., C]. @param scale float32 [C].
 * @throws InputError for a scale of another shape.
 */
export function l2Norm(x: Tensor, scale: Tensor): Tensor {
  const channels = x.shape.slice(-1);
  if (channels.length === 0 || !tf.util.arraysEqual(scale.shape, channels)) {
    throw new InputError(
      `l2Norm: scale must have shape [C], C being the last axis of x [${x.shape}], got [${scale.shape}]`,
    );
  }
  // TF.js types what follows the first argument as tensors or the function that saves: it comes last.
  const op = tf.customGrad((given, factors, save) => {
    const [input, gamma] = [given as Tensor, factors as Tensor];
    const length = tf.sqrt(tf.sum(tf.square(input), -1, true));
    const unit = tf.div(input, tf.maximum(length, l2NormEpsilon));
    (save as GradSaveFunc)([unit, length, gamma]);
    return { value: tf.mul(unit, gamma), gradFunc: backward };
  });
  return op(x, scale);
}

/**
 * With u = x / |x| and g = scale dy, dx = (g - u <g, u>) / |x|: the part of g along x would change a length that is divided away. A shorter
 * vector than the bound is divided by a constant, so that dx = g / 1e-12.
 */
function backward(dy: Tensor, [unit, length, gamma]: Tensor[]): Tensor[] {
  return tf.tidy(() => {
    const g = tf.mul(dy, gamma);
    const divides = tf.cast(tf.greater(length, l2NormEpsilon), 'float32');
    const along = tf.mul(tf.sum(tf.mul(g, unit), -1, true), divides);
    const dx = tf.div(tf.sub(g, tf.mul(unit, along)), tf.maximum(length, l2NormEpsilon));
    const rows = dy.shape.slice(0, -1).map((_, axis) => axis);
    return [dx, tf.sum(tf.mul(dy, unit), rows)];
  });
}
