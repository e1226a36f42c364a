/** Every pixel's vector of channels brought to length 1 and scaled channel by channel: the canonical arithmetic of SSD's L2 norm. */
import type { Numbers } from './float-conv.js';

/** Shorter vectors are divided by this: PyTorch's. */
export const l2NormEpsilon = 1e-12;
const EPSILON = Math.fround(l2NormEpsilon);

/**
 * Rows of `scale.length` numbers: out = scale x / max(|x|, 1e-12). The squares are summed in f64 in the order of the channels; length, quotient and
 * product are each rounded to float32.
 */
export function l2Norm(x: Numbers, scale: Float32Array, out: Float32Array): void {
  const f = Math.fround;
  const channels = scale.length;
  for (let at = 0; at < x.length; at += channels) {
    let squares = 0;
    for (let c = 0; c < channels; c++) squares += x[at + c] * x[at + c];
    const length = f(Math.sqrt(squares));
    const divisor = length < EPSILON ? EPSILON : length;
    for (let c = 0; c < channels; c++) out[at + c] = f(x[at + c] / divisor) * scale[c];
  }
}
