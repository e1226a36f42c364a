/** From evaluations to what metrics, checkpoint and summary keep of them. */
import { largestListedConfusion } from './evaluation/tally.js';
import type { AccuracyAt, EpochMetrics, Evaluation } from './types.js';

/** The part of an epoch's metrics that its evaluations give. */
export function evaluationMetrics(
  evaluation: Evaluation | undefined,
  averaged: Evaluation | undefined,
): Partial<EpochMetrics> {
  return {
    ...(evaluation === undefined
      ? {}
      : {
          ...(evaluation.loss === undefined ? {} : { testLoss: evaluation.loss }),
          testAccuracy: evaluation.accuracy,
          ...classDetails(evaluation),
          ...(evaluation.details === undefined ? {} : { testDetails: evaluation.details }),
          ...(evaluation.perClass === undefined ? {} : { testPerClass: evaluation.perClass }),
        }),
    ...(averaged === undefined
      ? {}
      : { averagedLoss: averaged.loss, averagedAccuracy: averaged.accuracy }),
  };
}

/** An evaluation and its epoch. */
export function accuracyAt(evaluation: Evaluation, epoch: number): AccuracyAt {
  const { accuracy, loss, images, details, perClass } = evaluation;
  const { testTop5: top5, confusion } = classDetails(evaluation);
  return {
    accuracy,
    ...(loss === undefined ? {} : { loss }),
    epoch,
    images,
    // In the order in which a checkpoint is read back: what goes on writes the same bytes.
    ...(top5 === undefined ? {} : { top5 }),
    ...(confusion === undefined ? {} : { confusion }),
    ...(details === undefined ? {} : { details }),
    ...(perClass === undefined ? {} : { perClass }),
  };
}

/** Of equals the earlier. */
export function better(now: AccuracyAt, before: AccuracyAt | undefined): AccuracyAt {
  return before === undefined || now.accuracy > before.accuracy ? now : before;
}

/** What an evaluation says beside accuracy and loss; the confusion of many classes is in confusion.csv alone. */
function classDetails({
  top5,
  confusion,
}: Evaluation): Pick<EpochMetrics, 'testTop5' | 'confusion'> {
  return {
    ...(top5 === undefined ? {} : { testTop5: top5 }),
    ...(confusion === undefined || confusion.length > largestListedConfusion ? {} : { confusion }),
  };
}
