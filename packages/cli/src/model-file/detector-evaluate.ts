/** Mean average precision of a detector's file over a list of annotated pictures, in canonical arithmetic as a run's evaluation. */
import { setImmediate } from 'node:timers/promises';
import { InputError } from '@surge-bnn/contract';
import { boxesInPicture, openDetection } from '@surge-bnn/data';
import type { DetectionSet } from '@surge-bnn/data';
import type { PictureDetections } from '@surge-bnn/detection';
import { defaultParts, evaluationLoader, judge, metricName, parseRecipe } from '@surge-bnn/train';
import type { DetectionSpec, Evaluation } from '@surge-bnn/train';
import { evaluationText } from '../evaluation-text.js';
import { count } from '../terminal/format.js';
import type { PackedEvaluationOptions } from './evaluate.js';
import type { OpenedDetector } from './open.js';

export interface DetectorEvaluation extends Evaluation {
  /** What `accuracy` is. */
  readonly measure: string;
  /** Boxes that were found. */
  readonly boxes: number;
  /** Median over the pictures, on this machine, without reading and resizing them. */
  readonly millisecondsPerPicture: number;
}

export interface WantedList {
  readonly data?: string;
  readonly directory?: string;
  readonly list?: string;
}

export interface PictureListOf {
  readonly set: DetectionSet;
  readonly metric: DetectionSpec['metric'];
}

/**
 * The list that is asked for, or the one that the recipe in the file is judged on.
 *
 * @throws InputError for a name or list that is not there, and where neither names any.
 */
export async function pictureList(
  { file, source, detector }: OpenedDetector,
  { data, directory, list }: WantedList,
): Promise<PictureListOf> {
  const { training } = source.metadata;
  const recipe = training && parseRecipe(training, `the recipe in ${file}`);
  const metric = recipe?.detection?.metric ?? 'voc';
  if (data !== undefined) {
    const set = await openDetection(data, {
      list: list ?? 'test',
      directory,
      ...(data === 'voc' && { classes: detector.classes }),
    });
    return { set, metric };
  }
  if (list !== undefined) throw new InputError('--list is a list of --data; name the set, too');
  if (recipe?.detection === undefined) {
    throw new InputError(
      `${file} does not say what it was trained on; name annotated pictures with --data (and --list, --directory)`,
    );
  }
  const own = { ...recipe, data: { ...recipe.data, directory } };
  return { set: (await defaultParts.annotated(own)).evaluation, metric };
}

export interface DetectorEvaluationOptions extends Omit<PackedEvaluationOptions, 'onSkip'> {
  readonly metric: DetectionSpec['metric'];
}

/**
 * Pictures are decoded and resized as those of a training's validation, one at a time, so the numbers are those of the trained
 * detector on any engine.
 *
 * @throws InputError when set and detector do not fit, or a picture cannot be read; the signal's reason when it is aborted.
 */
export async function evaluateDetectorFile(
  { source, detector }: OpenedDetector,
  set: DetectionSet,
  { metric, signal, onProgress }: DetectorEvaluationOptions,
): Promise<DetectorEvaluation> {
  const { classes, plan } = detector;
  const { pixels } = source.body.inputs[0];
  if (set.classes.join('\n') !== classes.join('\n')) {
    throw new InputError(
      `the detector tells ${classes.join(', ')} apart, ${set.name} has ${set.classes.join(', ')}`,
    );
  }
  if (pixels === undefined) throw new Error('a detector without pixels was not refused');
  const normalization = { mean: [...pixels.mean], std: [...pixels.std] };
  const multiple = plan.kind === 'two-stage' ? plan.multiple : 1;
  const prepared = { size: plan.size, normalization };
  const loader = evaluationLoader(set, prepared, multiple, { atOnce: 1 });
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
  times.sort((a, b) => a - b);
  return {
    ...judge(set, found, { metric }),
    measure: metricName({ metric }),
    boxes: found.reduce((sum, { scores }) => sum + scores.length, 0),
    millisecondsPerPicture: times[times.length >> 1],
  };
}

export function formatDetectorEvaluation(
  evaluation: DetectorEvaluation,
  set: DetectionSet,
): string {
  const { boxes, images, millisecondsPerPicture } = evaluation;
  const on = `the list "${set.list}" of ${set.title}`;
  return `${evaluationText(evaluation, on)}\n${count(boxes)} boxes in ${count(images)} pictures, ${millisecondsPerPicture.toFixed(1)} ms for a picture`;
}
