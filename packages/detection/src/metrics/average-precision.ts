/**
 * From detections in the order of their scores, each right, wrong or neither, to one number: PASCAL VOC's average
 * precision (Everingham et al., "The PASCAL Visual Object Classes Challenge", 2010, section 4.2).
 */

/**
 * 'area': the area under the curve of the best precision at each recall or beyond, VOC 2010 and later;
 * '11-point': the mean of that best precision at the recalls 0, 0.1, .. 1, VOC 2007. The recalls are exact tenths: a recall of 3 / 10 reaches 0.3,
 * which numpy's arange(0, 1.1, 0.1), in many copies of that code, rounds up and misses (0.6 and 0.7, too).
 */
export type PrecisionMethod = 'area' | '11-point';

/** A curve: one point a detection that counts, scores descending. */
export interface PrecisionRecall {
  readonly precision: Float64Array;
  readonly recall: Float64Array;
}

/**
 * Precision and recall after each detection.
 *
 * @param right in the order of the scores: was it right?
 * @param objects how many objects there are to find; where there are none, nothing is right and every recall is 0.
 */
export function precisionRecall(right: readonly boolean[], objects: number): PrecisionRecall {
  const precision = new Float64Array(right.length);
  const recall = new Float64Array(right.length);
  let found = 0;
  right.forEach((isRight, i) => {
    if (isRight) found++;
    precision[i] = found / (i + 1);
    recall[i] = found / Math.max(1, objects);
  });
  return { precision, recall };
}

/** The best precision at each point's recall or beyond it: falls, or stays, from point to point. */
export function bestBeyond(precision: Float64Array): Float64Array {
  const best = precision.slice();
  for (let i = best.length - 2; i >= 0; i--) best[i] = Math.max(best[i], best[i + 1]);
  return best;
}

/** Average precision of a curve, in 0 to 1; 0 where nothing was detected. */
export function averagePrecision(
  { precision, recall }: PrecisionRecall,
  method: PrecisionMethod,
): number {
  const best = bestBeyond(precision);
  let sum = 0;
  if (method === '11-point') {
    for (let tenth = 0; tenth <= 10; tenth++) {
      const at = recall.findIndex((value) => value >= tenth / 10);
      sum += at < 0 ? 0 : best[at];
    }
    return sum / 11;
  }
  // The curve is a staircase: between two recalls it has the height of the second one.
  for (let i = 0; i < best.length; i++) sum += (recall[i] - (i > 0 ? recall[i - 1] : 0)) * best[i];
  return sum;
}
