/**
 * What a convolution kernel is told, as a block of 32-bit numbers in memory that JavaScript writes
 * (src/providers/wasm/conv-plan.ts has the same order). Kernels keep no state of their own.
 *
 * One job covers forward convolution and input gradient. Both compute, for every pixel (row i, column j) of a target
 * grid and every tap t,  target[i, j] += source[i * stepY + tapY(t), j * stepX + tapX(t)] times the
 * tap's matrix, with the source zero outside the picture:
 *
 * - forward: step = stride, tapY = ky dilation - padTop;
 * - input gradient: the rows of dx that leave the same remainder py modulo the stride form one grid, dx row
 *   py + i stride. y row o touches x row o stride - padTop + ky dilation, so o = i + (py + padTop - ky dilation) / stride:
 *   step 1, and only the taps for which that division leaves no remainder. No multiplication with inserted zeros
 *   and no scatter.
 */
@unmanaged
export class ConvJob {
  source: usize;
  batch: i32;
  sourceHeight: i32;
  sourceWidth: i32;
  /** Channels over all groups: the distance of neighbouring pixels in floats. */
  sourceChannels: i32;
  /** Target grid of one picture. */
  rows: i32;
  columns: i32;
  stepY: i32;
  stepX: i32;
  /** Where grid pixel (i, j) lies in the target: row originY + i strideY, column originX + j strideX. */
  targetHeight: i32;
  targetWidth: i32;
  targetChannels: i32;
  originY: i32;
  originX: i32;
  strideY: i32;
  strideX: i32;
  /** Taps as pairs of i32: y offset, x offset. */
  taps: usize;
  tapCount: i32;
  groups: i32;
  /** Channels of source and target in one group. */
  groupSource: i32;
  groupTarget: i32;
  /** So many pixels go through the kernel together. */
  strip: i32;
  /** At least groupSource zeros: the pixels outside the picture. */
  outside: usize;
  /** Scratch: what a kernel makes of a strip (addresses of its pixels, or their packed values), their coordinates, one tile. */
  packed: usize;
  coordinates: usize;
  tile: usize;
}
