/**
 * Loss and accuracy of a model over a whole image set, in canonical arithmetic: the logits, and so the accuracy, are the same
 * bits on every engine and in the packed model. (The loss is then taken on the engine, whose exp and log are its own.)
 */
import { BinaryLayer, canonicalForward, leafLayers, ops } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { InputError } from '@surge-bnn/contract';
import { BatchLoader, isImageSet, randomStream } from '@surge-bnn/data/browser';
import type { ChannelStatistics, PictureSet } from '@surge-bnn/data/browser';
import * as tf from '@tensorflow/tfjs-core';
import { Tally } from './evaluation/tally.js';
import { imageTensor, smoothLabels } from './gradients.js';
import type { PlainBatch } from './gradients.js';
import { asLogits } from './objective/objective.js';
import { nextTurn } from './turn.js';
import type { ClassEvaluation } from './types.js';

/** Pictures that are evaluated at once where nothing else is said. */
export const evaluationBatch = 250;

export interface EvaluateOptions {
  /** Mean and deviation that the model was trained with. */
  readonly normalization: ChannelStatistics;
  /** Default 250. */
  readonly batchSize?: number;
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Is told of pictures that cannot be decoded and were left out; they do not count. */
  readonly onSkip?: (picture: string) => void;
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * Evaluates on every image of the set.
 *
 * @throws InputError when a logit is not finite or a layer has no canonical evaluation; the signal's reason when it is aborted.
 */
export async function evaluateModel(
  model: Model,
  set: PictureSet,
  options: EvaluateOptions,
): Promise<ClassEvaluation> {
  // Pictures in files are decoded by the loader's own threads; those in memory need none.
  const usual = isImageSet(set) ? 0 : undefined;
  const { normalization, batchSize = evaluationBatch, workers = usual } = options;
  const loader = new BatchLoader(set, {
    batchSize,
    seed: 0,
    normalization,
    shuffle: false,
    workers,
    onSkip: options.onSkip,
  });
  let lossSum = 0;
  const tally = new Tally(set.classes.length);
  try {
    for await (const batch of loader.epoch(0)) {
      lossSum += evaluateBatch(model, set, batch, tally);
      options.onProgress?.(tally.seen, set.count);
      await nextTurn();
      options.signal?.throwIfAborted();
    }
  } finally {
    await loader.close();
  }
  const { correct, seen, top5, confusion } = tally;
  const loss = lossSum / seen;
  if (!Number.isFinite(loss)) {
    throw new InputError(
      `the evaluation loss is ${loss}: the network's outputs are not finite; lower the learning rate`,
    );
  }
  return {
    loss,
    correct,
    images: seen,
    accuracy: correct / seen,
    ...(top5 === undefined ? {} : { top5 }),
    confusion,
  };
}

/** The sum of the batch's losses; its predictions go into the tally. */
export function evaluateBatch(
  model: Model,
  set: PictureSet,
  batch: PlainBatch,
  tally: Tally,
): number {
  return tf.tidy(() => {
    const x = imageTensor(batch, [set.height, set.width, set.channels]);
    const logits = asLogits(model, canonicalForward(model, x));
    const labels = smoothLabels(batch.labels, set.classes.length, 0);
    let loss = 0;
    for (const one of ops.softmaxCrossEntropy(logits, labels).dataSync()) loss += one;
    tally.add(logits.dataSync(), batch.labels);
    return loss;
  });
}

/**
 * Permutes the entries of every binary kernel within its layer: the proof that a network computes with its
 * binary weights and not around them is that its accuracy collapses.
 */
export function shuffleBinaryWeights(model: Model, seed: number): void {
  for (const layer of leafLayers(model)) {
    if (!(layer instanceof BinaryLayer)) continue;
    const kernel = layer.binaryKernel.read();
    const values = kernel.dataSync();
    const order = randomStream(seed, `shuffle/${layer.name}`).permutation(values.length);
    const shuffled = tf.tensor(
      Float32Array.from(order, (from) => values[from]),
      kernel.shape,
    );
    layer.binaryKernel.write(shuffled);
    shuffled.dispose();
  }
}
