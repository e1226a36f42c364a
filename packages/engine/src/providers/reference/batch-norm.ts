/**
 * Reference of batch norm in training and its hand-written backward, over all axes but the last. The
 * formulas stand in @surge-bnn/contract; sums accumulate in float64. Running averages are not its matter.
 */
import type { AddClipAttrs, BatchNormAddClipAttrs, BatchNormAttrs } from '@surge-bnn/contract';
import { addClip, addClipGradient } from './add-clip.js';

/**
 * Mean, biased variance and normalised output of each channel; gamma.length is the number of channels. Behind the output,
 * rounded once, what addClip does with the shortcut and the bounds that there are.
 */
export function batchNorm(
  x: Float32Array,
  gamma: Float32Array,
  beta: Float32Array,
  shortcut: Float32Array | undefined,
  y: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  attrs: BatchNormAttrs & Partial<AddClipAttrs>,
): void {
  const channels = gamma.length;
  const rows = x.length / channels;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += x[r * channels + c];
    const mu = sum / rows;
    let squares = 0;
    for (let r = 0; r < rows; r++) squares += (x[r * channels + c] - mu) ** 2;
    const inverseStd = 1 / Math.sqrt(squares / rows + attrs.epsilon);
    mean[c] = mu;
    variance[c] = squares / rows;
    for (let r = 0; r < rows; r++) {
      const i = r * channels + c;
      y[i] = (x[i] - mu) * inverseStd * gamma[c] + beta[c];
    }
  }
  addClip(y, shortcut, y, attrs.low ?? -Infinity, attrs.high ?? Infinity);
}

/** dx, dgamma and dbeta from the statistics that the forward returned (float32). */
export function batchNormGradient(
  dy: Float32Array,
  x: Float32Array,
  gamma: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  dx: Float32Array,
  dgamma: Float32Array,
  dbeta: Float32Array,
  attrs: BatchNormAttrs,
): void {
  const channels = gamma.length;
  const rows = x.length / channels;
  for (let c = 0; c < channels; c++) {
    const inverseStd = 1 / Math.sqrt(variance[c] + attrs.epsilon);
    let sumDy = 0;
    let sumDyXhat = 0;
    for (let r = 0; r < rows; r++) {
      const i = r * channels + c;
      sumDy += dy[i];
      sumDyXhat += dy[i] * (x[i] - mean[c]) * inverseStd;
    }
    dbeta[c] = sumDy;
    dgamma[c] = sumDyXhat;
    for (let r = 0; r < rows; r++) {
      const i = r * channels + c;
      const xhat = (x[i] - mean[c]) * inverseStd;
      dx[i] = gamma[c] * inverseStd * (dy[i] - sumDy / rows - (xhat * sumDyXhat) / rows);
    }
  }
}

/** The same behind the clip: dsum is the gradient at the sum of the norm's output and the shortcut. */
export function batchNormAddClipGradient(
  dy: Float32Array,
  y: Float32Array,
  x: Float32Array,
  gamma: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  dx: Float32Array,
  dgamma: Float32Array,
  dbeta: Float32Array,
  dsum: Float32Array,
  attrs: BatchNormAddClipAttrs,
): void {
  addClipGradient(dy, y, dsum, attrs.low, attrs.high);
  batchNormGradient(dsum, x, gamma, mean, variance, dx, dgamma, dbeta, attrs);
}
