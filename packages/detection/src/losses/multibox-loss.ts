/**
 * SSD's loss (arXiv 1512.02325, equations 1 to 3) with hard negative mining: of the default boxes on no object, those count that
 * the network is most wrong about, three for each one on an object in the picture. Both sums, over all pictures, are divided by
 * the number of default boxes on objects.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor3D } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { boxes as arithmetic } from '@surge-bnn/runtime';
import type { DefaultBoxTargets } from '../training/default-box-targets.js';
import { classCrossEntropySum } from './class-cross-entropy.js';
import { picked, type StageLoss } from './proposal-loss.js';
import { smoothL1Sum } from './smooth-l1.js';

/** Negative default boxes for each positive one. */
const NEGATIVES = 3;

/**
 * @param logits float32 [pictures, default boxes, classes], the background first.
 * @param deltas float32 [pictures, default boxes, 4].
 * @param targets one for each picture. A picture without objects adds nothing, as in torchvision.
 * @throws InputError for a NaN among the logits.
 */
export function multiboxLoss(
  logits: Tensor3D,
  deltas: Tensor3D,
  targets: readonly DefaultBoxTargets[],
): StageLoss {
  const [, perPicture, classes] = logits.shape;
  const numbers = logits.dataSync<'float32'>();
  const positive: number[] = [];
  const counted: number[] = [];
  const labels: number[] = [];
  targets.forEach((target, picture) => {
    const first = picture * perPicture;
    const ofPicture = numbers.subarray(first * classes, (first + perPicture) * classes);
    const hard = hardNegatives(ofPicture, classes, target);
    positive.push(...Array.from(target.positive, (i) => first + i));
    counted.push(...Array.from([...target.positive, ...hard], (i) => first + i));
    labels.push(...Array.from(target.positive, (i) => target.classes[i]), ...hard.map(() => 0));
  });
  const truth = targets.flatMap((target) => Array.from(target.deltas));
  return tf.tidy(() => {
    const rows = picked(tf.reshape(logits, [-1, classes]), counted);
    const moved = picked(tf.reshape(deltas, [-1, 4]), positive);
    const classification = classCrossEntropySum(
      tf.reshape(rows, [-1, classes]),
      Int32Array.from(labels),
    );
    const box = smoothL1Sum(moved, tf.tensor2d(truth, [positive.length, 4]), 1);
    const share = 1 / Math.max(1, positive.length);
    return {
      classification: tf.mul<Scalar>(classification, share),
      box: tf.mul<Scalar>(box, share),
    };
  });
}

/** Places of the default boxes on no object whose background has the largest loss. */
function hardNegatives(
  logits: Float32Array,
  classes: number,
  { classes: labels, positive }: DefaultBoxTargets,
): Int32Array {
  const negative: number[] = [];
  labels.forEach((label, i) => label === 0 && negative.push(i));
  const loss = Float32Array.from(negative, (i) => {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const largest = Math.max(...row);
    const sum = row.reduce((total, v) => total + Math.exp(v - largest), 0);
    return largest + Math.log(sum) - row[0];
  });
  if (loss.some(Number.isNaN)) {
    throw new InputError(
      'multiboxLoss: the class logits hold a NaN; look for broken data or a learning rate that is too high',
    );
  }
  const hardest = arithmetic.bestFirst(loss, NEGATIVES * positive.length);
  return hardest.map((i) => negative[i]);
}
