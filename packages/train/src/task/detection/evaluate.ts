/** A detector on a list of pictures: what it finds, and what that is worth by VOC's or COCO's measure. */
import { InputError } from '@surge-bnn/contract';
import { boxesInPicture, DetectionLoader } from '@surge-bnn/data';
import type { ChannelStatistics, DetectionSet } from '@surge-bnn/data';
import { cocoMetrics, vocMeanAveragePrecision } from '@surge-bnn/detection';
import type { Detector, PictureDetections } from '@surge-bnn/detection';
import type { DetectionSpec } from '../../recipe/detection.js';
import { nextTurn } from '../../turn.js';
import type { Evaluation } from '../../types.js';
import type { TaskEvaluateOptions } from '../task.js';
import { pictureBatch } from './batches.js';
import { testSize } from './build.js';
import type { TestSize } from './build.js';

/** A picture that cannot be read is an error: nothing is left out of what is judged. */
export interface EvaluateDetectorOptions extends Pick<
  TaskEvaluateOptions,
  'signal' | 'onProgress'
> {
  readonly spec: DetectionSpec;
  /** Pictures of one size that go through the network at once, at most 8; boxes do not depend on it. Default 8. */
  readonly atOnce?: number;
  /** Threads that prepare pictures; absent: as the loader takes. */
  readonly workers?: number;
}

/**
 * The pictures of a set as a detector is judged on them and shipped for them, in the set's order. Those of different sizes come alone: the
 * others' padding would be a part of them.
 */
export function evaluationLoader(
  set: DetectionSet,
  { size, normalization }: { size: TestSize; normalization: ChannelStatistics },
  multiple: number,
  { atOnce = 8, workers }: Pick<EvaluateDetectorOptions, 'atOnce' | 'workers'> = {},
): DetectionLoader {
  return new DetectionLoader(set, {
    batchSize: 'shortSide' in size ? 1 : Math.min(8, atOnce),
    ...{ seed: 0, shuffle: false, size, normalization, workers },
    padMultiple: multiple,
  });
}

/** What the spec's metric is called where a number stands. */
export function metricName({ metric }: Pick<DetectionSpec, 'metric'>): string {
  const names = { voc: 'mAP@0.5', voc2007: 'mAP@0.5 (11 points)', coco: 'AP@[.5:.95]' };
  return names[metric];
}

/**
 * What the detector finds in each picture of the set, in the set's order: boxes in pixels of the stored picture, classes from 0.
 *
 * @throws InputError for a picture that cannot be read; the signal's reason when it is aborted.
 */
export async function detectInSet(
  detector: Detector,
  set: DetectionSet,
  { spec, signal, onProgress, ...options }: EvaluateDetectorOptions,
): Promise<PictureDetections[]> {
  const prepared = { size: testSize(spec), normalization: spec.normalization };
  const loader = evaluationLoader(set, prepared, detector.multiple, options);
  const found: PictureDetections[] = [];
  try {
    for await (const batch of loader.epoch(0)) {
      const pictures = pictureBatch(batch);
      try {
        detector.detect(pictures, { canonical: true }).forEach(({ boxes, scores, classes }, i) => {
          found.push({
            boxes: boxesInPicture(boxes, batch.targets[i], set.pictures[batch.targets[i].index]),
            scores,
            classes: classes.map((one) => one - 1),
          });
        });
      } finally {
        pictures.pictures.dispose();
      }
      onProgress?.(found.length, set.count);
      await nextTurn();
      signal?.throwIfAborted();
    }
  } finally {
    await loader.close();
  }
  return found;
}

/** @throws InputError as `detectInSet`, and for a set without any object. */
export async function evaluateDetector(
  detector: Detector,
  set: DetectionSet,
  options: EvaluateDetectorOptions,
): Promise<Evaluation> {
  return judge(set, await detectInSet(detector, set, options), options.spec);
}

/**
 * What was found, held against what is there: the spec's measure as `accuracy`, its neighbours as details, and each class.
 *
 * @throws InputError for a set without any object that counts.
 */
export function judge(
  set: DetectionSet,
  found: readonly PictureDetections[],
  { metric }: Pick<DetectionSpec, 'metric'>,
): Evaluation {
  const classes = set.classes.length;
  const method = metric === 'voc2007' ? '11-point' : 'area';
  const voc = vocMeanAveragePrecision(set.pictures, found, { classes, method });
  const coco = cocoMetrics(set.pictures, found, { classes });
  const byArea = vocMeanAveragePrecision(set.pictures, found, { classes }).meanAveragePrecision;
  const value = metric === 'coco' ? coco.ap : voc.meanAveragePrecision;
  if (value === null) {
    throw new InputError(
      `the list "${set.list}" of ${set.title} shows no object that counts, so there is nothing to evaluate on`,
    );
  }
  const ofClass = (label: number) =>
    metric === 'coco' ? coco.classes[label].ap : voc.classes[label].averagePrecision;
  const details = {
    'mAP@0.5': byArea,
    ...(metric === 'voc2007' ? { [metricName({ metric })]: value } : {}),
    AP: coco.ap,
    AP50: coco.ap50,
    AP75: coco.ap75,
    APsmall: coco.apSmall,
    APmedium: coco.apMedium,
    APlarge: coco.apLarge,
    AR100: coco.ar[2],
  };
  return {
    accuracy: value,
    images: set.count,
    details: Object.fromEntries(
      Object.entries(details).flatMap(([name, one]) => (one === null ? [] : [[name, one]])),
    ),
    perClass: Object.fromEntries(set.classes.map((name, label) => [name, ofClass(label)])),
  };
}
