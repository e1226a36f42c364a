/**
 * Resizing of pictures that is the same on every machine: linear, with a filter as wide as the shrinking, so that no pixel is lost,
 * as Pillow's bilinear has it. Output pixel i looks at the input around c = (i + 1/2) r, r = in / out, with the weights
 * max(0, 1 - |j + 1/2 - c| / max(r, 1)), divided by their sum. All in float64, rows first, halves rounded up to a byte.
 */
import type { PictureSize } from '../boxes/box.js';

/** Bytes of a picture, row by row, channels innermost. */
export interface Picture extends PictureSize {
  /** 1: grey, 3: red, green, blue, 4: with alpha, which is not looked at. */
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** The inputs that one output looks at. */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

/** @returns red, green and blue of the picture at another size; at its own, as they are. */
export function resizedRgb(picture: Picture, { width, height }: PictureSize): Uint8Array {
  const out = new Uint8Array(3 * width * height);
  const [down, across] = [taps(picture.height, height), taps(picture.width, width)];
  const { channels, data } = picture;
  const line = new Float64Array(3 * picture.width);
  const second = channels === 1 ? 0 : 1;
  for (let y = 0, to = 0; y < height; y++) {
    line.fill(0);
    const { first, weights } = down[y];
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k];
      let from = (first + k) * picture.width * channels;
      for (let at = 0; at < line.length; at += 3, from += channels) {
        line[at] += weight * data[from];
        line[at + 1] += weight * data[from + second];
        line[at + 2] += weight * data[from + 2 * second];
      }
    }
    for (let x = 0; x < width; x++, to += 3) {
      const tap = across[x];
      let [red, green, blue] = [0, 0, 0];
      for (let k = 0, at = 3 * tap.first; k < tap.weights.length; k++, at += 3) {
        red += tap.weights[k] * line[at];
        green += tap.weights[k] * line[at + 1];
        blue += tap.weights[k] * line[at + 2];
      }
      out[to] = byteOf(red);
      out[to + 1] = byteOf(green);
      out[to + 2] = byteOf(blue);
    }
  }
  return out;
}

/** Weights sum up to 1 but for their rounding, so nothing leaves the range by more than that. */
function byteOf(value: number): number {
  return Math.min(255, Math.floor(value + 0.5));
}

function taps(inputs: number, outputs: number): Taps[] {
  const ratio = inputs / outputs;
  const reach = Math.max(ratio, 1);
  return Array.from({ length: outputs }, (_, i) => {
    const centre = (i + 0.5) * ratio;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const end = Math.min(inputs, Math.ceil(centre + reach - 0.5));
    const weights = Float64Array.from({ length: end - first }, (__, k) =>
      Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / reach),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}
