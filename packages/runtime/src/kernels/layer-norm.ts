/** Layer norm in canonical arithmetic: f64 throughout, sums in the order of the channels, each result rounded once. */
import type { Numbers } from './float-conv.js';

/**
 * Rows of `gamma.length` numbers: out = (x - mean) / sqrt(variance + epsilon) gamma + beta, with the mean and the biased variance of the row.
 *
 * @param epsilon taken as float32.
 */
export function layerNorm(
  x: Numbers,
  gamma: Float32Array,
  beta: Float32Array,
  epsilon: number,
  out: Float32Array,
): void {
  const channels = gamma.length;
  const least = Math.fround(epsilon);
  for (let at = 0; at < out.length; at += channels) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += x[at + c];
    const mean = sum / channels;
    let squares = 0;
    for (let c = 0; c < channels; c++) {
      const d = x[at + c] - mean;
      squares += d * d;
    }
    const factor = 1 / Math.sqrt(squares / channels + least);
    for (let c = 0; c < channels; c++) {
      out[at + c] = (x[at + c] - mean) * factor * gamma[c] + beta[c];
    }
  }
}
