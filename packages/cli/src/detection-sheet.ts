/** A picture of what a detector's run finds: the evaluation's pictures with the truth in full lines and what was found in dashed ones. */
import type { DetectionSet, DrawnBox, Tile } from '@surge-bnn/data';
import type { PictureDetections } from '@surge-bnn/detection';
import type { LoadRunOptions, RunEvaluation, TaskEvaluateOptions } from '@surge-bnn/train';
import { percent } from './terminal/format.js';

export interface DetectionSheetOptions {
  readonly file: string;
  /** Replace what is there. */
  readonly force?: boolean;
  /** Pictures, drawn once and for all from the set. */
  readonly pictures: number;
  /** What was found with less is left out. */
  readonly leastScore: number;
}

/**
 * Evaluates a detector's run and draws what it finds.
 *
 * @throws InputError for a classifier's run, and before anything is computed for a place that cannot be written or is taken.
 */
export async function evaluateWithSheet(
  run: string,
  sheet: DetectionSheetOptions,
  options: LoadRunOptions & TaskEvaluateOptions,
): Promise<RunEvaluation> {
  const [{ detectInSet, judge, loadDetectorRun, metricName }, { checkFree, writeModelFile }] =
    await Promise.all([import('@surge-bnn/train'), import('./model-file/write.js')]);
  await checkFree(sheet.file, sheet.force, '--sheet');
  const { detector, data, spec, ...facts } = await loadDetectorRun(run, options);
  try {
    const { evaluation: set, evaluatedOn } = data;
    const found = await detectInSet(detector, set, { ...options, spec });
    const png = await detectionSheet(set, found, sheet);
    await writeModelFile(sheet.file, png, sheet.force, '--sheet');
    const judged = judge(set, found, spec);
    return { ...judged, ...facts, measure: metricName(spec), evaluatedOn, dataTitle: set.title };
  } finally {
    detector.dispose();
  }
}

/** A PNG. @param found for each picture of the set. */
async function detectionSheet(
  set: DetectionSet,
  found: readonly PictureDetections[],
  { pictures, leastScore }: Pick<DetectionSheetOptions, 'pictures' | 'leastScore'>,
): Promise<Uint8Array> {
  const { contactSheet, randomStream, readAnnotated } = await import('@surge-bnn/data');
  const order = randomStream(0, 'sheet').permutation(set.count).subarray(0, pictures);
  const tiles: Tile[] = [];
  for (const index of order) {
    const truth = set.pictures[index];
    const shown = drawn(found[index], set, leastScore);
    tiles.push({
      picture: await readAnnotated(set, index),
      caption: `${truth.id}: ${truth.classes.length} there (full), ${shown.length} found (dashed)`,
      boxes: [...drawn(truth, set), ...shown],
    });
  }
  return contactSheet(tiles);
}

/** The boxes of a picture; those with a score say it. */
function drawn(
  one: Pick<PictureDetections, 'boxes' | 'classes'> & Partial<Pick<PictureDetections, 'scores'>>,
  { classes }: DetectionSet,
  leastScore = 0,
): DrawnBox[] {
  const { boxes, scores } = one;
  return Array.from(one.classes, (label, i): DrawnBox[] => {
    const score = scores?.[i];
    if (score !== undefined && score < leastScore) return [];
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => boxes[4 * i + k]);
    // The truth has the class's colour: names on both would hide each other.
    const text = score === undefined ? '' : `${classes[label]} ${percent(score, 0)}`;
    return [{ box: [x1, y1, x2, y2], label, text, dashed: score !== undefined }];
  }).flat();
}
