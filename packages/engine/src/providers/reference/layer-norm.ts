/**
 * Reference of layer norm over the last axis and its hand-written backward. The formulas stand in
 * @surge-bnn/contract; sums accumulate in float64.
 */
import type { LayerNormAttrs } from '@surge-bnn/contract';

/** Mean, 1 / sqrt(variance + epsilon) and normalised output of each row of gamma.length entries. */
export function layerNorm(
  x: Float32Array,
  gamma: Float32Array,
  beta: Float32Array,
  y: Float32Array,
  mean: Float32Array,
  inverseStd: Float32Array,
  attrs: LayerNormAttrs,
): void {
  const channels = gamma.length;
  for (let r = 0; r < mean.length; r++) {
    const row = r * channels;
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += x[row + c];
    const mu = sum / channels;
    let squares = 0;
    for (let c = 0; c < channels; c++) squares += (x[row + c] - mu) ** 2;
    const inverse = 1 / Math.sqrt(squares / channels + attrs.epsilon);
    mean[r] = mu;
    inverseStd[r] = inverse;
    for (let c = 0; c < channels; c++) {
      y[row + c] = (x[row + c] - mu) * inverse * gamma[c] + beta[c];
    }
  }
}

/** dx, dgamma and dbeta from the statistics that the forward returned (float32). */
export function layerNormGradient(
  dy: Float32Array,
  x: Float32Array,
  gamma: Float32Array,
  mean: Float32Array,
  inverseStd: Float32Array,
  dx: Float32Array,
  dgamma: Float32Array,
  dbeta: Float32Array,
): void {
  const channels = gamma.length;
  const sumDy = new Float64Array(channels);
  const sumDyXhat = new Float64Array(channels);
  for (let r = 0; r < mean.length; r++) {
    const row = r * channels;
    const xhat = (c: number): number => (x[row + c] - mean[r]) * inverseStd[r];
    let sumG = 0;
    let sumGXhat = 0;
    for (let c = 0; c < channels; c++) {
      sumDy[c] += dy[row + c];
      sumDyXhat[c] += dy[row + c] * xhat(c);
      sumG += gamma[c] * dy[row + c];
      sumGXhat += gamma[c] * dy[row + c] * xhat(c);
    }
    for (let c = 0; c < channels; c++) {
      const g = gamma[c] * dy[row + c];
      dx[row + c] = inverseStd[r] * (g - sumG / channels - (xhat(c) * sumGXhat) / channels);
    }
  }
  dgamma.set(sumDyXhat);
  dbeta.set(sumDy);
}
