/**
 * The scaler on tensors, where numbers must not be waited for or there is a lam for each channel or sample: compensator/scaler.ts entry
 * by entry, of one lam or of a vector of them. And the read that comes later.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BinaryPlan } from './binary-plan.js';

export type Compensator = NonNullable<BinaryPlan['compensator']>;

/** What is measured of both branches' gradients, before any root; all of one shape. */
export interface SquaredMeasure<T extends Tensor> {
  readonly squaredB: T;
  readonly squaredA: T;
  readonly inner: T;
}

/** lam; 0 where a branch has no gradient. The moving average is that of the step before. */
export function lambdaTensor<T extends Tensor>(
  { scaling, eta, state }: Compensator,
  { squaredB, squaredA }: SquaredMeasure<T>,
): T {
  const rule = scaling.lambda;
  let lambda: T;
  if (typeof rule === 'object' && 'fixed' in rule) {
    lambda = tf.add(tf.zerosLike(squaredB), rule.fixed);
  } else {
    const adaptive: T = tf.div(
      tf.mul(tf.sqrt(squaredB), eta),
      tf.add(tf.sqrt(squaredA), scaling.epsilon),
    );
    const smooth = typeof rule === 'object' && state.average !== undefined;
    lambda = smooth
      ? tf.add(rule.movingAverage * (state.average ?? 0), tf.mul(adaptive, 1 - rule.movingAverage))
      : adaptive;
  }
  if (Number.isFinite(scaling.lambdaMax)) lambda = tf.minimum(lambda, scaling.lambdaMax);
  // Not the product of the two: small but living gradients would make it underflow to 0.
  const alive = tf.cast(tf.greater(tf.minimum(squaredA, squaredB), 0), 'float32');
  return tf.mul(lambda, alive);
}

/** |g_b + lam g_a| / |g_b|, 0 where |g_b| is. */
export function gainTensor<T extends Tensor>(
  lambda: T,
  { squaredB, squaredA, inner }: SquaredMeasure<T>,
): T {
  const cross = tf.mul(2, tf.mul(lambda, inner));
  const squared: T = tf.add(squaredB, tf.add(cross, tf.mul(tf.square(lambda), squaredA)));
  return tf.divNoNan(tf.sqrt(tf.relu(squared)), tf.sqrt(squaredB));
}

/** Takes the numbers when the device has them, after the step; until then they are kept. */
export function readLater(numbers: Tensor, take: (values: ArrayLike<number>) => void): void {
  const kept = tf.keep(numbers);
  void kept
    .data()
    .then(take)
    .finally(() => {
      kept.dispose();
    });
}
