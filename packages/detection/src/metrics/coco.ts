/**
 * COCO's metrics of boxes (Lin et al. 2014; the numbers are those of pycocotools' COCOeval with iouType 'bbox'): average
 * precision as the mean of the best precision at 101 recalls, over ten thresholds of overlap and over the classes; average recall
 * as the mean of the last recall. Means leave out classes without objects, in each range of area by itself.
 */
import { checkKeys, InputError } from '@surge-bnn/contract';
import { bestBeyond } from './average-precision.js';
import { checkPictures, type PictureDetections, type PictureTruth } from './boxes.js';
import {
  candidates,
  IGNORED,
  match,
  RIGHT,
  type AreaRange,
  type Candidates,
  type Matched,
} from './coco-match.js';

export interface CocoOptions {
  /** How many classes there are. */
  readonly classes: number;
  /** Detections of a class in a picture that count, for the three average recalls; the last is that of all AP. Default 1, 10, 100. */
  readonly maxDetections?: readonly [number, number, number];
}

/** The twelve numbers, in 0 to 1; null where no class has an object of that size. */
export interface CocoSummary {
  /** Average precision at the overlaps 0.50, 0.55, .. 0.95. */
  readonly ap: number | null;
  readonly ap50: number | null;
  readonly ap75: number | null;
  /** Of objects of at most 32 x 32, from there to 96 x 96, and beyond. */
  readonly apSmall: number | null;
  readonly apMedium: number | null;
  readonly apLarge: number | null;
  /** Average recall with at most 1, 10, 100 detections a picture (`maxDetections`). */
  readonly ar: readonly [number | null, number | null, number | null];
  readonly arSmall: number | null;
  readonly arMedium: number | null;
  readonly arLarge: number | null;
}

export interface CocoMetrics extends CocoSummary {
  /** AP, AP50 and AP75 of each class; null for a class without objects. */
  readonly classes: readonly Pick<CocoSummary, 'ap' | 'ap50' | 'ap75'>[];
}

const STEPS = 10;
/** 0.50 to 0.95 as numpy's linspace(.5, .95, 10) rounds them. */
const THRESHOLDS = Array.from({ length: STEPS }, (_, t) =>
  t === STEPS - 1 ? 0.95 : 0.5 + t * ((0.95 - 0.5) / (STEPS - 1)),
);
/** 0 to 1 as numpy's linspace(0, 1, 101) rounds them. */
const RECALLS = Array.from({ length: 101 }, (_, i) => i * 0.01);

const AREAS = {
  all: [0, 1e10],
  small: [0, 32 ** 2],
  medium: [32 ** 2, 96 ** 2],
  large: [96 ** 2, 1e10],
} as const satisfies Record<string, AreaRange>;

/** One class in one range of areas: by threshold. */
interface Scores {
  readonly precision: Float64Array;
  readonly recall: Float64Array;
}

/**
 * COCO's metrics of detections, one entry a picture in both lists.
 *
 * @throws InputError for broken boxes, scores, classes or options.
 */
export function cocoMetrics(
  truth: readonly PictureTruth[],
  detections: readonly PictureDetections[],
  options: CocoOptions,
): CocoMetrics {
  checkKeys(options, ['classes', 'maxDetections'], 'cocoMetrics');
  const { classes, maxDetections = [1, 10, 100] } = options;
  checkPictures(truth, detections, classes);
  checkMaxDetections(maxDetections);
  const [first, second, most] = maxDetections;
  const recalls: (Scores | undefined)[][] = [[], []];
  const ranges: Record<keyof typeof AREAS, (Scores | undefined)[]> = {
    all: [],
    small: [],
    medium: [],
    large: [],
  };
  for (let label = 0; label < classes; label++) {
    const pictures = truth.flatMap((one, i) => candidates(one, detections[i], label, most) ?? []);
    for (const range of ['all', 'small', 'medium', 'large'] as const) {
      const matched = matchAll(pictures, AREAS[range]);
      ranges[range].push(score(matched, most));
      if (range !== 'all') continue;
      recalls[0].push(score(matched, first));
      recalls[1].push(score(matched, second));
    }
  }
  return {
    ...headline(ranges.all),
    apSmall: mean(ranges.small, 'precision'),
    apMedium: mean(ranges.medium, 'precision'),
    apLarge: mean(ranges.large, 'precision'),
    ar: [mean(recalls[0], 'recall'), mean(recalls[1], 'recall'), mean(ranges.all, 'recall')],
    arSmall: mean(ranges.small, 'recall'),
    arMedium: mean(ranges.medium, 'recall'),
    arLarge: mean(ranges.large, 'recall'),
    classes: ranges.all.map((one) => headline([one])),
  };
}

function headline(scores: readonly (Scores | undefined)[]) {
  return {
    ap: mean(scores, 'precision'),
    ap50: mean(scores, 'precision', 0),
    ap75: mean(scores, 'precision', 5),
  };
}

function matchAll(pictures: readonly Candidates[], range: AreaRange): readonly Matched[] {
  return pictures.map((one) => match(one, range, THRESHOLDS));
}

/**
 * Average precision and last recall of one class at each threshold, of the best `most` detections of each picture;
 * undefined when there is no object to find.
 */
function score(pictures: readonly Matched[], most: number): Scores | undefined {
  const objects = pictures.reduce((sum, one) => sum + one.objects, 0);
  if (objects === 0) return undefined;
  const found = pictures.flatMap((picture) =>
    Array.from(picture.scores.subarray(0, most), (value, d) => ({ value, picture, d })),
  );
  found.sort((a, b) => b.value - a.value); // stable: equal scores stay in the order of the pictures
  const [precision, recall] = [new Float64Array(STEPS), new Float64Array(STEPS)];
  const [precisions, recalls] = [new Float64Array(found.length), new Float64Array(found.length)];
  for (let t = 0; t < STEPS; t++) {
    let [right, counted] = [0, 0];
    found.forEach(({ picture, d }, i) => {
      const fate = picture.fates[t * picture.scores.length + d];
      if (fate !== IGNORED) counted++;
      if (fate === RIGHT) right++;
      // pycocotools adds the spacing of doubles at 1 to a denominator that may be 0.
      precisions[i] = right / (counted + Number.EPSILON);
      recalls[i] = right / objects;
    });
    recall[t] = right / objects;
    const best = bestBeyond(precisions);
    let sum = 0;
    let at = 0;
    for (const wanted of RECALLS) {
      while (at < found.length && recalls[at] < wanted) at++;
      if (at < found.length) sum += best[at];
    }
    precision[t] = sum / RECALLS.length;
  }
  return { precision, recall };
}

/** Mean over classes that have objects, and over the thresholds or one of them. */
function mean(
  scores: readonly (Scores | undefined)[],
  what: keyof Scores,
  threshold?: number,
): number | null {
  const values = scores.flatMap((one) => {
    if (one === undefined) return [];
    return threshold === undefined ? [...one[what]] : [one[what][threshold]];
  });
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function checkMaxDetections(values: readonly number[]): void {
  const isRight =
    values.length === 3 &&
    values.every((value, i) => Number.isInteger(value) && value >= (i === 0 ? 1 : values[i - 1]));
  if (isRight) return;
  throw new InputError(
    `maxDetections must be three integers of at least 1 that do not fall, got ${values.join(', ')}`,
  );
}
