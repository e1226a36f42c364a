/**
 * The loss of a region proposal network (Faster R-CNN, arXiv 1506.01497, equation 1) with torchvision's normalisation: both
 * sums, over the anchors drawn of all pictures, are divided by their number.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { AnchorTargets } from '../training/anchor-targets.js';
import { binaryCrossEntropySum } from './binary-cross-entropy.js';
import { smoothL1Sum } from './smooth-l1.js';

/** Where torchvision's smooth L1 bends in both stages of Faster R-CNN. */
export const BETA = 1 / 9;

/** What a stage's loss is made of; their sum is minimised. */
export interface StageLoss {
  /** Object or not, or which class. */
  readonly classification: Scalar;
  readonly box: Scalar;
}

/**
 * @param objectness float32 [pictures, anchors], logits.
 * @param deltas float32 [pictures, anchors, 4].
 * @param targets one for each picture. Without any anchor drawn both losses are 0.
 */
export function proposalLoss(
  objectness: Tensor2D,
  deltas: Tensor3D,
  targets: readonly AnchorTargets[],
): StageLoss {
  const perPicture = objectness.shape[1];
  const rows = (of: 'positive' | 'negative') =>
    targets.flatMap((target, picture) => Array.from(target[of], (i) => picture * perPicture + i));
  const [positive, negative] = [rows('positive'), rows('negative')];
  const drawn = positive.length + negative.length;
  const labels = Array.from({ length: drawn }, (_, i) => (i < positive.length ? 1 : 0));
  const truth = targets.flatMap((target) => Array.from(target.deltas));
  return tf.tidy(() => {
    const logits = picked(tf.reshape(objectness, [-1]), [...positive, ...negative]);
    const moved = picked(tf.reshape(deltas, [-1, 4]), positive);
    const classification = binaryCrossEntropySum(logits, tf.tensor1d(labels, 'float32'));
    const box = smoothL1Sum(moved, tf.tensor2d(truth, [positive.length, 4]), BETA);
    const share = 1 / Math.max(1, drawn);
    return {
      classification: tf.mul<Scalar>(classification, share),
      box: tf.mul<Scalar>(box, share),
    };
  });
}

/** Rows of a tensor, perhaps none. */
export function picked<T extends Tensor>(x: T, rows: ArrayLike<number>): T {
  return tf.gather(x, tf.tensor1d(Int32Array.from(rows), 'int32'));
}
