/**
 * What training minimises, as a function of a batch: one loss for each picture. The plain one is the cross-entropy
 * with the labels; distillation.ts has the others.
 */
import { ops } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { InputError } from '@surge-bnn/contract';
import * as tf from '@tensorflow/tfjs-core';

export interface Objective {
  /** What is known of the batch before the network has seen it and gets no gradient; the caller disposes it. */
  targets(x: tf.Tensor4D): tf.Tensor[];
  /**
   * Losses [count] and logits [count, classes] of the network in training mode. Runs inside a gradient.
   *
   * @param labels rows of class probabilities.
   * @param targets of the same batch.
   */
  losses(
    x: tf.Tensor4D,
    labels: tf.Tensor2D,
    targets: readonly tf.Tensor[],
  ): { readonly losses: tf.Tensor; readonly logits: tf.Tensor2D };
}

/** The cross-entropy of the model's logits with the labels. */
export function crossEntropy(model: Model): Objective {
  return {
    targets: () => [],
    losses(x, labels) {
      const logits = asLogits(model, model.apply(x, { training: true }));
      return { losses: ops.softmaxCrossEntropy(logits, labels), logits };
    },
  };
}

/** The model's output; every network ends in logits [count, classes]. */
export function asLogits(model: Model, output: ReturnType<Model['apply']>): tf.Tensor2D {
  if (!(output instanceof tf.Tensor) || output.rank !== 2) {
    throw new InputError(
      `the network "${model.name}" must have one output of shape [batch, classes]`,
    );
  }
  return output as tf.Tensor2D;
}
