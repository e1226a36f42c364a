/**
 * How predicted classes agree with the true ones: accuracy, F1, Matthews' correlation. Pure functions of two lists, in float64. Where a quotient has
 * nothing below its line the value is 0, as in scikit-learn, whose numbers the papers print.
 */
import { InputError } from '@surge-bnn/contract';
import { largest } from './tally.js';

/** Share of equal pairs. */
export function accuracy(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  checkLengths(predicted, labels);
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (predicted[i] === labels[i]) right++;
  return right / labels.length;
}

/**
 * Of two classes: the harmonic mean of precision and recall of class 1, 2 TP / (2 TP + FP + FN). 0 where class 1 is neither there nor predicted.
 *
 * @throws InputError for a class beyond 0 and 1.
 */
export function f1(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  const { truePositive, falsePositive, falseNegative } = countTwo(predicted, labels);
  const below = 2 * truePositive + falsePositive + falseNegative;
  return below === 0 ? 0 : (2 * truePositive) / below;
}

/**
 * Matthews' correlation of two classes, (TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN)), in -1 .. 1. 0 where one side has one class only.
 *
 * @throws InputError for a class beyond 0 and 1.
 */
export function matthews(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  const { truePositive, falsePositive, falseNegative, trueNegative } = countTwo(predicted, labels);
  const above = truePositive * trueNegative - falsePositive * falseNegative;
  // Two roots of two factors each: the product of all four may exceed 2^53.
  const below =
    Math.sqrt((truePositive + falsePositive) * (truePositive + falseNegative)) *
    Math.sqrt((trueNegative + falsePositive) * (trueNegative + falseNegative));
  return below === 0 ? 0 : above / below;
}

/**
 * The class of the largest logit of each row, the first of equal ones.
 *
 * @param logits [rows, classes], row by row.
 * @throws InputError for logits that are not finite or no whole rows.
 */
export function predictedClasses(logits: ArrayLike<number>, classes: number): Int32Array {
  const rows = logits.length / classes;
  if (!Number.isInteger(rows)) {
    throw new InputError(`${logits.length} logits are no whole rows of ${classes} classes`);
  }
  checkFinite(logits, 'logit');
  return Int32Array.from({ length: rows }, (_, row) => largest(logits, row * classes, classes));
}

/** @throws InputError unless both have the same number of entries, and some. */
export function checkLengths(predicted: ArrayLike<number>, labels: ArrayLike<number>): void {
  if (predicted.length !== labels.length || labels.length === 0) {
    throw new InputError(
      `a metric needs as many predictions as labels, and at least one, got ${predicted.length} and ${labels.length}`,
    );
  }
}

/** @throws InputError that names the first entry that is NaN or infinite. */
export function checkFinite(values: ArrayLike<number>, what: string): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw new InputError(`${what} ${i} is ${values[i]}`);
  }
}

function countTwo(predicted: ArrayLike<number>, labels: ArrayLike<number>) {
  checkLengths(predicted, labels);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    for (const value of [predicted[i], labels[i]]) {
      if (value !== 0 && value !== 1) {
        throw new InputError(`F1 and Matthews' correlation take the classes 0 and 1, got ${value}`);
      }
    }
    counts[2 * labels[i] + predicted[i]]++;
  }
  const [trueNegative, falsePositive, falseNegative, truePositive] = counts;
  return { truePositive, falsePositive, falseNegative, trueNegative };
}
