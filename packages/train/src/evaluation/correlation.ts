/**
 * Pearson's and Spearman's correlation, in float64. Of a side that is constant no correlation is defined; the value is 0 then: such predictions
 * explain nothing. (SciPy gives NaN; `isConstant` tells the case.)
 */
import { checkFinite, checkLengths } from './agreement.js';

/**
 * Pearson's r, in -1 .. 1: the cosine of what remains of both sides when their means are taken away.
 *
 * @throws InputError for sides of different lengths, empty ones, and numbers that are not finite.
 */
export function pearson(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  checkLengths(predicted, labels);
  checkFinite(predicted, 'prediction');
  checkFinite(labels, 'label');
  if (isConstant(predicted) || isConstant(labels)) return 0;
  const [a, b] = [centred(predicted), centred(labels)];
  let [both, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i] * b[i];
    ofA += a[i] * a[i];
    ofB += b[i] * b[i];
  }
  // Rounding may leave 1 behind; correlations do not.
  return Math.max(-1, Math.min(1, both / (Math.sqrt(ofA) * Math.sqrt(ofB))));
}

/**
 * Spearman's rho: Pearson's r of the ranks.
 *
 * @throws InputError as `pearson`.
 */
export function spearman(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  checkLengths(predicted, labels);
  checkFinite(predicted, 'prediction');
  checkFinite(labels, 'label');
  return pearson(ranks(predicted), ranks(labels));
}

/** Ranks from 1; equal values share the mean of the ranks that they take up. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((i, j) => values[i] - values[j]);
  const found = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    // The places from .. to - 1 are the ranks from + 1 .. to.
    for (let i = from; i < to; i++) found[order[i]] = (from + 1 + to) / 2;
    from = to;
  }
  return found;
}

/** Are all values the same? */
export function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

function centred(values: ArrayLike<number>): Float64Array {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  return Float64Array.from(values, (value) => value - mean);
}
