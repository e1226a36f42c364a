/** Two arrays into one. */
import type { Numbers } from './float-conv.js';

/** a + b, rounded; out may be one of them. */
export function addArrays(a: Numbers, b: Numbers, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = a[i] + b[i];
}

/** Places x [.., channels] into out [.., outChannels], from channel `first` on. */
export function placeChannels(
  x: Numbers,
  channels: number,
  out: Float32Array,
  outChannels: number,
  first: number,
): void {
  for (let from = 0, to = first; from < x.length; from += channels, to += outChannels) {
    for (let c = 0; c < channels; c++) out[to + c] = x[from + c];
  }
}
