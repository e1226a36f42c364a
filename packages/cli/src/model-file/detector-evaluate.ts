/** Mean average precision of a detector's file over a list of annotated pictures, in canonical arithmetic as a run's evaluation. */
import { setImmediate } from 'node:timers/promises';
import { InputError } from '@surge-bnn/contract';
import { boxesInPicture, DetectionLoader } from '@surge-bnn/data';
import type { DetectionSet } from '@surge-bnn/data';
import { cocoMetrics, vocMeanAveragePrecision } from '@surge-bnn/detection';
import type { CocoSummary, PictureDetections } from '@surge-bnn/detection';
import type { GraphInput, PackedDetector } from '@surge-bnn/runtime';
import { count, percent } from '../terminal/format.js';
import { formatTable } from '../terminal/table.js';
import type { PackedEvaluationOptions } from './evaluate.js';

export interface DetectorEvaluation {
  /** PASCAL VOC's at an overlap of 0.5, by the area under the curve; null where no object counts. */
  readonly meanAveragePrecision: number | null;
  /** By class. */
  readonly averagePrecision: Readonly<Record<string, number | null>>;
  readonly coco: CocoSummary;
  readonly pictures: number;
  /** Boxes that were found. */
  readonly boxes: number;
  /** Median over the pictures, on this machine, without reading and resizing them. */
  readonly millisecondsPerPicture: number;
}

/**
 * Pictures are decoded and resized as those of a training's validation, one at a time, so the numbers are those of the trained
 * detector on any engine.
 *
 * @throws InputError when set and detector do not fit, or a picture cannot be read; the signal's reason when it is aborted.
 */
export async function evaluateDetectorFile(
  detector: PackedDetector,
  pixels: GraphInput['pixels'],
  set: DetectionSet,
  { signal, onProgress, onSkip }: PackedEvaluationOptions = {},
): Promise<DetectorEvaluation> {
  const { classes, plan } = detector;
  if (set.classes.join('\n') !== classes.join('\n')) {
    throw new InputError(
      `the detector tells ${classes.join(', ')} apart, ${set.name} has ${set.classes.join(', ')}`,
    );
  }
  if (pixels === undefined) throw new Error('a detector without pixels was not refused');
  const loader = new DetectionLoader(set, {
    batchSize: 1,
    seed: 0,
    shuffle: false,
    size: plan.size,
    padMultiple: plan.kind === 'two-stage' ? plan.multiple : 1,
    normalization: { mean: [...pixels.mean], std: [...pixels.std] },
    onSkip,
    skipCorrupt: false,
  });
  const found: PictureDetections[] = [];
  const times: number[] = [];
  try {
    for await (const { images, width, height, targets } of loader.epoch(0)) {
      const [target] = targets;
      const start = performance.now();
      const seen = detector.detectPlaced(images, { width, height }, target);
      times.push(performance.now() - start);
      found.push({
        boxes: boxesInPicture(seen.boxes, target, set.pictures[target.index]),
        scores: seen.scores,
        classes: seen.classes.map((one) => one - 1),
      });
      onProgress?.(found.length, set.count);
      await setImmediate(); // Ctrl-C and the bar
      signal?.throwIfAborted();
    }
  } finally {
    await loader.close();
  }
  const options = { classes: classes.length };
  const voc = vocMeanAveragePrecision(set.pictures, found, options);
  const { classes: _, ...coco } = cocoMetrics(set.pictures, found, options);
  times.sort((a, b) => a - b);
  return {
    meanAveragePrecision: voc.meanAveragePrecision,
    averagePrecision: Object.fromEntries(
      classes.map((name, i) => [name, voc.classes[i].averagePrecision]),
    ),
    coco,
    pictures: found.length,
    boxes: found.reduce((sum, { scores }) => sum + scores.length, 0),
    millisecondsPerPicture: times[times.length >> 1],
  };
}

export function formatDetectorEvaluation(evaluation: DetectorEvaluation): string {
  const { meanAveragePrecision, averagePrecision, coco, pictures, boxes } = evaluation;
  const table = formatTable<[string, number | null]>(
    [
      { title: 'class', value: ([name]) => name, align: 'left' },
      { title: 'average precision', value: ([, value]) => percent(value) },
    ],
    Object.entries(averagePrecision),
  );
  return [
    table,
    '',
    `mAP@0.5 ${percent(meanAveragePrecision)}, COCO AP ${percent(coco.ap)}, AP75 ${percent(coco.ap75)}: ` +
      `${count(boxes)} boxes in ${count(pictures)} pictures, ${evaluation.millisecondsPerPicture.toFixed(1)} ms for a picture`,
  ].join('\n');
}
