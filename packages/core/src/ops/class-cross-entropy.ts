/** Cross-entropy with one class a row: for vocabularies, whose labels would be as large as the logits. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { CLASS_CROSS_ENTROPY, CLASS_CROSS_ENTROPY_GRADIENT, InputError } from '@surge-bnn/contract';
import { ensureGradient, ensureKernel, runKernel } from './kernel-registry.js';
import { readsAreCheap } from './sign.js';

/**
 * loss_n = -log softmax(logits_n)_(class_n), differentiable in the logits; the same as `softmaxCrossEntropy` with one-hot labels.
 *
 * @param logits float32 [N, C].
 * @param classes int32 [N], in [0, C).
 * @returns float32 [N].
 * @throws InputError for shapes or classes that do not fit; a class is looked at where numbers can be read.
 */
export function classCrossEntropy(logits: Tensor, classes: Tensor): Tensor1D {
  const [rows, columns] = logits.shape;
  const fits = logits.rank === 2 && tf.util.arraysEqual(classes.shape, [rows]);
  if (!fits || classes.dtype !== 'int32') {
    throw new InputError(
      `classCrossEntropy: logits must be [rows, classes] and classes int32 [rows], got [${logits.shape}] and ${classes.dtype} [${classes.shape}]`,
    );
  }
  if (readsAreCheap()) refuseOutside(classes, columns);
  ensureKernel(CLASS_CROSS_ENTROPY, forward);
  ensureKernel(CLASS_CROSS_ENTROPY_GRADIENT, backward);
  ensureGradient(gradient);
  return runKernel(CLASS_CROSS_ENTROPY, { logits, classes }, {})[0] as Tensor1D;
}

/** A one-hot row of a class that is not there would be zeros: a loss of the partition alone. */
function refuseOutside(classes: Tensor, columns: number): void {
  const outside = classes.dataSync<'int32'>().find((c) => c < 0 || c >= columns);
  if (outside === undefined) return;
  throw new InputError(`classCrossEntropy: the class ${outside} is not in [0, ${columns - 1}]`);
}

interface Given {
  readonly logits: Tensor;
  readonly classes: Tensor;
}

const oneHot = ({ logits, classes }: Given): Tensor =>
  tf.oneHot(classes, logits.shape[1] ?? 0, 1, 0, 'float32');

function forward(given: Given): Tensor[] {
  const { logits } = given;
  const top = tf.max(logits, 1, true);
  const centred = tf.sub(logits, top);
  const log = tf.log(tf.sum(tf.exp(centred), 1));
  const own = tf.sum(tf.mul(centred, oneHot(given)), 1);
  return [tf.sub(log, own), tf.add(log, tf.reshape(top, [-1]))];
}

function backward(given: Given & { readonly dy: Tensor; readonly logPartition: Tensor }): Tensor[] {
  const column = (t: Tensor) => tf.reshape(t, [-1, 1]);
  const share = tf.exp(tf.sub(given.logits, column(given.logPartition)));
  return [tf.mul(tf.sub(share, oneHot(given)), column(given.dy))];
}

const gradient: GradConfig = {
  kernelName: CLASS_CROSS_ENTROPY,
  inputsToSave: ['logits', 'classes'],
  outputsToSave: [false, true],
  gradFunc: (dys, [logits, classes, logPartition]) => {
    const [dy] = dys as Tensor[];
    const given = { dy, logits, classes, logPartition };
    // TF.js asks for the gradients that lead to a variable, and none does through classes.
    return { logits: () => runKernel(CLASS_CROSS_ENTROPY_GRADIENT, given, {})[0] };
  },
};
