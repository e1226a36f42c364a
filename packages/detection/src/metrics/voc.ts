/**
 * PASCAL VOC's mean average precision, as the development kit's VOCevaldet.m has it: each detection of a class, best
 * score first, belongs to the object of that class in its picture that it overlaps most. It is right if that overlap
 * is large enough and nobody had the object before; a second one is wrong. What belongs to a difficult object
 * counts neither as right nor as wrong, and difficult objects need not be found.
 */
import { checkKeys, InputError, unknownName } from '@surge-bnn/contract';
import {
  averagePrecision,
  precisionRecall,
  type PrecisionMethod,
  type PrecisionRecall,
} from './average-precision.js';
import { checkPictures, type PictureDetections, type PictureTruth } from './boxes.js';
import { overlap } from './overlap.js';

export interface VocOptions {
  /** How many classes there are. */
  readonly classes: number;
  /** The overlap from which on a box is right (`>=`). Default 0.5. */
  readonly minOverlap?: number;
  /** Default 'area'. */
  readonly method?: PrecisionMethod;
}

/** One class's part of the result. */
export interface VocClass {
  /** In 0 to 1; null for a class without objects that count: there is nothing to find. */
  readonly averagePrecision: number | null;
  /** Objects that are not difficult. */
  readonly objects: number;
  /** Detections that were right, and wrong. */
  readonly right: number;
  readonly wrong: number;
  /** After each detection that counts, best score first; without objects every recall is 0. */
  readonly curve: PrecisionRecall;
}

export interface VocMetrics {
  /** Mean over the classes that have objects; null when none has. */
  readonly meanAveragePrecision: number | null;
  /** By class index. */
  readonly classes: readonly VocClass[];
}

/**
 * VOC's metrics of detections, one entry a picture in both lists.
 *
 * @throws InputError for broken boxes, scores, classes or options.
 */
export function vocMeanAveragePrecision(
  truth: readonly PictureTruth[],
  detections: readonly PictureDetections[],
  options: VocOptions,
): VocMetrics {
  checkKeys(options, ['classes', 'minOverlap', 'method'], 'vocMeanAveragePrecision');
  const { classes, minOverlap = 0.5, method = 'area' } = options;
  checkPictures(truth, detections, classes);
  if (!(minOverlap > 0 && minOverlap <= 1)) {
    throw new InputError(`minOverlap must be above 0 and at most 1, got ${minOverlap}`);
  }
  if (method !== 'area' && method !== '11-point') {
    throw unknownName('method of average precision', String(method), ['area', '11-point']);
  }
  const results = Array.from({ length: classes }, (_, label) => {
    const { right, objects } = judge(truth, detections, label, minOverlap);
    const curve = precisionRecall(right, objects);
    const count = right.filter((isRight) => isRight).length;
    return {
      averagePrecision: objects === 0 ? null : averagePrecision(curve, method),
      objects,
      right: count,
      wrong: right.length - count,
      curve,
    };
  });
  const known = results.flatMap(({ averagePrecision: ap }) => (ap === null ? [] : [ap]));
  return {
    meanAveragePrecision:
      known.length === 0 ? null : known.reduce((sum, ap) => sum + ap, 0) / known.length,
    classes: results,
  };
}

/** The detections of a class that count, best score first: was each right? And how many objects there are. */
function judge(
  truth: readonly PictureTruth[],
  detections: readonly PictureDetections[],
  label: number,
  minOverlap: number,
): { right: boolean[]; objects: number } {
  const found: { score: number; picture: number; i: number }[] = [];
  detections.forEach(({ classes, scores }, picture) => {
    for (let i = 0; i < classes.length; i++) {
      if (classes[i] === label) found.push({ score: scores[i], picture, i });
    }
  });
  found.sort((a, b) => b.score - a.score); // stable: equal scores stay in the order of the pictures
  const taken = truth.map(({ classes }) => new Uint8Array(classes.length));
  const right: boolean[] = [];
  for (const { picture, i } of found) {
    const { boxes, classes, difficult } = truth[picture];
    let best = -1;
    let most = 0;
    for (let j = 0; j < classes.length; j++) {
      if (classes[j] !== label) continue;
      const common = overlap(detections[picture].boxes, i, boxes, j);
      if (common > most) [best, most] = [j, common];
    }
    if (best < 0 || most < minOverlap) right.push(false);
    else if (difficult === undefined || difficult[best] === 0) {
      right.push(taken[picture][best] === 0);
      taken[picture][best] = 1;
    }
  }
  let objects = 0;
  for (const { classes, difficult } of truth) {
    for (let j = 0; j < classes.length; j++) {
      if (classes[j] === label && (difficult === undefined || difficult[j] === 0)) objects++;
    }
  }
  return { right, objects };
}
