/** Batches of images as tensors, normalised as training has them. */
import { setImmediate } from 'node:timers/promises';
import { BatchLoader, isImageSet } from '@surge-bnn/data';
import type { BatchLoaderOptions, ChannelStatistics, PictureSet } from '@surge-bnn/data';
import type { Recipe } from '@surge-bnn/train';
import * as tf from '@tensorflow/tfjs-core';

/** Of the proof: enough to keep the layers busy, few enough for Ctrl-C and the bar. */
const PROOF_BATCH = 50;

/**
 * The first `count` images in the order of the set, fewer when it has no more; who takes a batch disposes it.
 *
 * @param onSkip is told of pictures that cannot be decoded and were left out.
 */
export function inputBatches(
  set: PictureSet,
  normalization: ChannelStatistics,
  count = set.count,
  onSkip?: (picture: string) => void,
): AsyncGenerator<tf.Tensor4D, void, undefined> {
  return firstOf(set, { normalization, shuffle: false, onSkip }, count);
}

/** `count` images from all over the set, always the same; else as inputBatches. */
export function sampleBatches(
  set: PictureSet,
  normalization: ChannelStatistics,
  count: number,
  onSkip?: (picture: string) => void,
): AsyncGenerator<tf.Tensor4D, void, undefined> {
  return firstOf(set, { normalization, shuffle: true, onSkip }, count);
}

async function* firstOf(
  set: PictureSet,
  given: Pick<BatchLoaderOptions, 'normalization' | 'shuffle' | 'onSkip'>,
  count: number,
): AsyncGenerator<tf.Tensor4D, void, undefined> {
  let left = count;
  const order = { batchSize: PROOF_BATCH, seed: 0, ...given };
  for await (const batch of batches(set, order)) {
    const [size, ...picture] = batch.shape;
    if (size <= left) {
      yield batch;
    } else {
      const part = tf.slice(batch, 0, [left, ...picture]);
      batch.dispose();
      yield part;
    }
    left -= size;
    if (left <= 0) return;
  }
}

/** Batches as training has them but without augmentation, for the statistics of batch norm; disposed here. */
export async function* trainingBatches(
  set: PictureSet,
  normalization: ChannelStatistics,
  { batchSize, seed }: Pick<Recipe, 'batchSize' | 'seed'>,
  { signal, onSkip }: Pick<BatchLoaderOptions, 'onSkip'> & { readonly signal?: AbortSignal } = {},
): AsyncGenerator<tf.Tensor4D, void, undefined> {
  // A smaller last batch would count as much as a whole one.
  const dropLast = set.count >= batchSize;
  const order = { batchSize, seed, normalization, shuffle: true, dropLast, onSkip };
  for await (const batch of batches(set, order)) {
    try {
      await setImmediate(); // Ctrl-C is heard between two batches
      signal?.throwIfAborted();
      yield batch;
    } finally {
      batch.dispose();
    }
  }
}

async function* batches(
  set: PictureSet,
  options: BatchLoaderOptions,
): AsyncGenerator<tf.Tensor4D, void, undefined> {
  const loader = new BatchLoader(set, { ...options, workers: isImageSet(set) ? 0 : undefined });
  const { height, width, channels } = set;
  try {
    for await (const { images, count } of loader.epoch(0)) {
      // The loader fills its buffer again, and TF.js does not copy.
      yield tf.tensor4d(Float32Array.from(images), [count, height, width, channels]);
    }
  } finally {
    await loader.close();
  }
}
