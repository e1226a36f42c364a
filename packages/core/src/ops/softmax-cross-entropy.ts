/** Softmax cross-entropy: loss and gradient in one pass. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { InputError, SOFTMAX_CROSS_ENTROPY } from '@surge-bnn/contract';
import { ensureGradient, ensureKernel, runKernel } from './kernel-registry.js';

/**
 * loss_n = -sum_c labels_nc log softmax(logits_n)_c, differentiable in both.
 *
 * @param logits float32 [N, C].
 * @param labels float32 [N, C]: one-hot, smoothed or a teacher's probabilities.
 * @returns float32 [N].
 */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor): Tensor1D {
  if (logits.rank !== 2 || !tf.util.arraysEqual(logits.shape, labels.shape)) {
    throw new InputError(
      `softmaxCrossEntropy: logits and labels must have one shape [rows, classes], got [${logits.shape}] and [${labels.shape}]`,
    );
  }
  ensureKernel(SOFTMAX_CROSS_ENTROPY, forward);
  ensureGradient(gradient);
  return runKernel(SOFTMAX_CROSS_ENTROPY, { logits, labels }, {})[0] as Tensor1D;
}

/** d loss / d logits = softmax sum_c(labels_c) - labels; the sum is 1 for probabilities. */
function forward({ logits, labels }: { logits: Tensor; labels: Tensor }): Tensor[] {
  const logProbability = tf.logSoftmax(logits);
  const loss = tf.neg(tf.sum(tf.mul(labels, logProbability), 1));
  const mass = tf.sum(labels, 1, true);
  return [loss, tf.sub(tf.mul(tf.exp(logProbability), mass), labels)];
}

const gradient: GradConfig = {
  kernelName: SOFTMAX_CROSS_ENTROPY,
  inputsToSave: ['logits'],
  outputsToSave: [false, true],
  gradFunc: (dys, saved) => {
    const [logits, byLogits] = saved;
    const perRow = tf.reshape((dys as Tensor[])[0], [-1, 1]);
    return {
      logits: () => tf.mul(byLogits, perRow),
      labels: () => tf.neg(tf.mul(tf.logSoftmax(logits), perRow)),
    };
  },
};
