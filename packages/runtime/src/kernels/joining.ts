/** Two arrays into one, and one into a larger. */
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

/** Each pixel of x [rows, width, channels] four times: out [2 rows, 2 width, channels]. */
export function doublePicture(
  x: Numbers,
  width: number,
  channels: number,
  out: Float32Array,
): void {
  const row = 2 * width * channels;
  for (let from = 0, to = 0; from < x.length; to += row) {
    for (let end = from + width * channels; from < end; from += channels) {
      for (let c = 0; c < channels; c++, to++) {
        const value = x[from + c];
        out[to] = value;
        out[to + channels] = value;
        out[to + row] = value;
        out[to + row + channels] = value;
      }
      to += channels;
    }
  }
}
