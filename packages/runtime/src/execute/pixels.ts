/** Pictures of bytes as the numbers that the network was trained on. */
import type { GraphInput } from '../graph.js';

/**
 * fround((byte / 255 - mean) / std) for every byte of every channel, in f64 with one rounding: what training computes. The
 * number of byte v in channel c stands at 256 c + v.
 */
export function pixelTable({ mean, std }: NonNullable<GraphInput['pixels']>): Float32Array {
  const table = new Float32Array(256 * mean.length);
  for (let c = 0; c < mean.length; c++) {
    for (let value = 0; value < 256; value++) {
      table[256 * c + value] = (value / 255 - mean[c]) / std[c];
    }
  }
  return table;
}

/** Bytes of `pixelTable`. */
export function pixelTableBytes(pixels: GraphInput['pixels']): number {
  return pixels === undefined ? 0 : 4 * 256 * pixels.mean.length;
}

/** One example, channels innermost, from `from` on. @param table of `pixelTable`. */
export function normalizePixels(
  bytes: Uint8Array | Uint8ClampedArray,
  from: number,
  table: Float32Array,
  out: Float32Array,
): void {
  const channels = table.length / 256;
  for (let i = 0; i < out.length; i++) out[i] = table[256 * (i % channels) + bytes[from + i]];
}
