/** The training batches of a detector: pictures of one padded size with their objects, and the samples that its losses draw. */
import { latentPenalty } from '@surge-bnn/core';
import { DetectionLoader, randomStream } from '@surge-bnn/data';
import type { DetectionBatch, DetectionSet, DetectionTarget } from '@surge-bnn/data';
import type { Detector, PictureBatch, Truth } from '@surge-bnn/detection';
import * as tf from '@tensorflow/tfjs-core';
import { lossGradients } from '../../gradients.js';
import type { BatchResult, TrainingBatch } from '../../gradients.js';
import type { Parameter } from '../../parameters.js';
import type { DetectionSpec } from '../../recipe/detection.js';
import type { Recipe } from '../../recipe/schema.js';
import type { TrainingBatches } from '../task.js';

/** @param workers threads that prepare batches; absent: as the loader takes. */
export function detectorBatches(
  detector: Detector,
  set: DetectionSet,
  { batchSize, seed }: Pick<Recipe, 'batchSize' | 'seed'>,
  { size, augmentation, normalization, difficult }: DetectionSpec,
  workers: number | undefined,
): TrainingBatches {
  const loader = new DetectionLoader(set, {
    ...{ batchSize, seed, normalization, size, augmentation, workers },
    padMultiple: detector.multiple,
  });
  return {
    async *epoch(epoch, firstBatch = 0) {
      let number = firstBatch;
      for await (const batch of loader.epoch(epoch, firstBatch)) {
        // A stream for each batch: a run that goes on draws what an uninterrupted one would.
        const random = randomStream(seed, `detection/${epoch}/${number}`);
        yield detectorBatch(detector, batch, difficult, () => random.uniform());
        number += 1;
      }
    },
    close: () => loader.close(),
  };
}

function detectorBatch(
  detector: Detector,
  batch: DetectionBatch,
  withDifficult: boolean,
  uniform: () => number,
): TrainingBatch {
  return {
    count: batch.count,
    gradients: (parameters) => gradientsOf(detector, batch, withDifficult, uniform, parameters),
  };
}

function gradientsOf(
  detector: Detector,
  batch: DetectionBatch,
  withDifficult: boolean,
  uniform: () => number,
  parameters: readonly Parameter[],
): BatchResult {
  const pictures = pictureBatch(batch);
  const truths = batch.targets.map((target) => truthOf(target, withDifficult));
  let parts: Record<string, number> = {};
  const result = lossGradients(
    () => {
      const losses = detector.losses(pictures, truths, uniform);
      parts = Object.fromEntries(
        Object.entries(losses.parts).map(([name, value]) => [name, value.dataSync()[0]]),
      );
      const term = latentPenalty(detector.model);
      return term === undefined ? losses.total : tf.add<tf.Scalar>(losses.total, term);
    },
    parameters,
    [pictures.pictures],
  );
  return { ...result, parts };
}

/** The loader's batch as tensors; the caller disposes the pictures. */
export function pictureBatch({
  images,
  count,
  height,
  width,
  targets,
}: DetectionBatch): PictureBatch {
  return { pictures: tf.tensor4d(images, [count, height, width, 3]), sizes: targets };
}

/** The objects to learn from, with classes as detectors count them: the background is 0. A crowd's box is no object's. */
function truthOf(
  { boxes, classes, difficult, crowd }: DetectionTarget,
  withDifficult: boolean,
): Truth {
  const kept = [...classes.keys()].filter(
    (i) => crowd[i] === 0 && (withDifficult || difficult[i] === 0),
  );
  return {
    boxes: Float32Array.from(kept.flatMap((i) => [...boxes.subarray(4 * i, 4 * i + 4)])),
    classes: Int32Array.from(kept, (i) => classes[i] + 1),
  };
}
