/**
 * Batch norm statistics for the weights as they are. The moving averages of training lag behind weights that
 * still flip and carry the noise of few batches; a sign behind the norm turns that error into wrong bits. So
 * before a binary network is judged or shipped, they are averaged anew with the weights standing still
 * (Bi-Real Net's recipe ends with an epoch of nothing else).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { BatchNorm } from '../layers/batch-norm.js';
import { leafLayers } from './binary-layers.js';
import type { Model } from './binary-layers.js';

/**
 * Replaces the statistics of all batch norm layers by their means over the given inputs. No sign changes (latent
 * weights outside their range are clipped, as in every forward of training).
 *
 * @param batches inputs of the model, each a training-sized batch. The caller keeps them and disposes them.
 * @returns how many batches there were; with none, the statistics stay as they are.
 */
export async function reestimateBatchNorm(
  model: Model,
  batches: AsyncIterable<Tensor> | Iterable<Tensor>,
): Promise<number> {
  const norms = leafLayers(model).filter((layer) => layer instanceof BatchNorm);
  for (const norm of norms) norm.restartStatistics();
  let count = 0;
  try {
    for await (const x of batches) {
      tf.tidy(() => {
        model.apply(x, { training: true });
      });
      count += 1;
    }
  } finally {
    for (const norm of norms) norm.resumeMovingStatistics();
  }
  return count;
}
