/**
 * The loss of Faster R-CNN's second stage (Fast R-CNN, arXiv 1504.08083, equation 1) with torchvision's normalisation: cross-entropy
 * of the class, and smooth L1 of the true class's box where there is an object, both divided by the number of proposals drawn.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import type { RegionTargets } from '../training/region-targets.js';
import { classCrossEntropySum } from './class-cross-entropy.js';
import { BETA, picked, type StageLoss } from './proposal-loss.js';
import { smoothL1Sum } from './smooth-l1.js';

/**
 * @param logits float32 [proposals, classes], the background first; the proposals of all pictures one behind the other.
 * @param deltas float32 [proposals, 4 classes].
 * @param targets one for each picture. Without any proposal both losses are 0.
 */
export function regionLoss(
  logits: Tensor2D,
  deltas: Tensor2D,
  targets: readonly RegionTargets[],
): StageLoss {
  const count = logits.shape[1];
  const classes = Int32Array.from(targets.flatMap((target) => Array.from(target.classes)));
  const truth = targets.flatMap((target) => Array.from(target.deltas));
  const rows: number[] = [];
  classes.forEach((c, proposal) => c > 0 && rows.push(proposal * count + c));
  return tf.tidy(() => {
    const moved = picked(tf.reshape(deltas, [-1, 4]), rows);
    const box = smoothL1Sum(moved, tf.tensor2d(truth, [rows.length, 4]), BETA);
    const share = 1 / Math.max(1, classes.length);
    return {
      classification: tf.mul<Scalar>(classCrossEntropySum(logits, classes), share),
      box: tf.mul<Scalar>(box, share),
    };
  });
}
