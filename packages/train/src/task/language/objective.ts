/** What a network for texts minimises: the loss with a task's labels, or that of the masked language model. With a teacher: match.ts. */
import { InputError } from '@surge-bnn/contract';
import { ops } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import * as tf from '@tensorflow/tfjs-core';
import { countCorrect } from '../../evaluation/tally.js';
import { smoothLabels } from '../../gradients.js';

export interface TextObjective {
  /**
   * What is known of the batch before the network has seen it and gets no gradient; the caller disposes it.
   *
   * @param indices of the batch's texts in the training half.
   */
  targets(inputs: readonly tf.Tensor[], indices: Int32Array): tf.Tensor[];
  /** Of the network in training mode. Runs inside a gradient. @param targets of the same batch. */
  losses(
    inputs: readonly tf.Tensor[],
    labels: Int32Array | Float32Array,
    targets: readonly tf.Tensor[],
  ): TextLosses;
}

export interface TextLosses {
  /** Means over the batch, weighted; their sum is minimised. */
  readonly parts: Readonly<Record<string, tf.Scalar>>;
  /** Texts whose largest logit was their class's; absent for scores and for masked pieces, of which a text has several. */
  readonly correct?: number;
}

/** The loss with the labels alone. */
export function plainObjective(
  model: Model,
  { countsCorrect, smoothing }: { readonly countsCorrect: boolean; readonly smoothing: number },
): TextObjective {
  return {
    targets: () => [],
    losses(inputs, labels) {
      const outputs = rowsOf(single(model.apply([...inputs], { training: true })));
      return {
        parts: { labels: labelLoss(outputs, labels, smoothing) },
        ...(countsCorrect ? { correct: correctOf(outputs, labels) } : {}),
      };
    },
  };
}

/** The mean cross-entropy of logits [count, classes], or the mean squared difference of scores [count, 1] or vectors [count, entries]. */
export function labelLoss(
  outputs: tf.Tensor2D,
  labels: Int32Array | Float32Array,
  smoothing: number,
): tf.Scalar {
  const [, classes] = outputs.shape;
  if (labels instanceof Int32Array) {
    if (smoothing === 0)
      return tf.mean(ops.classCrossEntropy(outputs, tf.tensor1d(labels, 'int32')));
    const rows = smoothLabels(labels, classes, smoothing);
    return tf.mean(ops.softmaxCrossEntropy(outputs, rows));
  }
  return tf.mean(tf.squaredDifference(outputs, tf.tensor2d(labels, outputs.shape)));
}

/** Undefined for scores. */
export function correctOf(
  outputs: tf.Tensor2D,
  labels: Int32Array | Float32Array,
): number | undefined {
  if (!(labels instanceof Int32Array)) return undefined;
  return countCorrect(outputs.dataSync(), labels, outputs.shape[1]);
}

/** The output of a network for texts as rows: [texts, labels], or [pieces, vocabulary] of a masked language model's [pieces, 1, vocabulary]. */
export function rowsOf(output: tf.Tensor): tf.Tensor2D {
  const [count, ...rest] = output.shape;
  return tf.reshape(output, [count, rest.reduce((all, size) => all * size, 1)]);
}

export function single(output: ReturnType<Model['apply']>): tf.Tensor {
  if (output instanceof tf.Tensor) return output;
  throw new InputError('a network for texts must have one output');
}
