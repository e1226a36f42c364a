/**
 * Convolution of int8: exact sums of integers, then one float32 product and one sum (src/kernels/int8.ts). Windows are gathered as
 * int16, two by two; one instruction multiplies eight of them and adds neighbours, so a lane of 32 bits is a filter that has got
 * two products. |sum| < 2^31, since K is at most 2^17.
 */
import {
  CHANNELS,
  DILATION_HEIGHT,
  DILATION_WIDTH,
  FILTERS,
  FILTER_HEIGHT,
  FILTER_WIDTH,
  GROUPS,
  IN,
  IN_HEIGHT,
  IN_WIDTH,
  OUT,
  OUT_WIDTH,
  PAD_LEFT,
  PAD_TOP,
  SIZES_END,
  STRIDE_HEIGHT,
  STRIDE_WIDTH,
  address,
  operand,
  word,
} from './record';
import { storeEight } from './store-few';

const KERNEL = SIZES_END + 3;
const SCALE = SIZES_END + 4;
const BIAS = SIZES_END + 5; // or 0
const GATHERED = SIZES_END + 6; // and the bytes between two threads' copies

/** Filters in a block of the kernel: [blocks of a group, pairs of K, 8, 2]. */
const LANES: i32 = 8;

/** Parameters: the window's sizes, then those above. */
export function int8Conv(record: usize, y: i32, rows: i32, thread: i32): void {
  const x = operand(record, IN, 0, thread);
  const out = operand(record, OUT, y, thread);
  const gathered = address(record, GATHERED) + <usize>thread * address(record, GATHERED + 1);
  const groups = word(record, GROUPS);
  const filters = word(record, FILTERS);
  const count = word(record, FILTER_HEIGHT) * word(record, FILTER_WIDTH) * word(record, CHANNELS);
  const pairs = (count + 1) >> 1;
  const blocks = (filters + LANES - 1) / LANES;
  const blockBytes = <usize>(pairs * LANES * 2);
  const rowBytes = (<usize>pairs) << 2;
  const pixels = rows * word(record, OUT_WIDTH);
  const stride = (<usize>(groups * filters)) << 2;
  for (let group = 0; group < groups; group++) {
    gather(record, x, y, rows, group, gathered, rowBytes);
    for (let block = 0; block < blocks; block++) {
      const first = (<usize>(group * filters + block * LANES)) << 2;
      const used = min(LANES, filters - block * LANES);
      const kernel = address(record, KERNEL) + <usize>(group * blocks + block) * blockBytes;
      const scale = address(record, SCALE) + first;
      const bias = address(record, BIAS) ? address(record, BIAS) + first : 0;
      let seen = gathered;
      let to = out + first;
      let p = 0;
      for (; p + 4 <= pixels; p += 4) {
        four(seen, rowBytes, kernel, pairs, scale, bias, used, to, stride);
        seen += 4 * rowBytes;
        to += 4 * stride;
      }
      // The last ones alone are their own neighbours.
      for (; p < pixels; p++) {
        four(seen, 0, kernel, pairs, scale, bias, used, to, 0);
        seen += rowBytes;
        to += stride;
      }
    }
  }
}

/** Four pixels, `step` bytes apart where they are gathered and `stride` in the output, with eight filters. */
function four(
  seen: usize,
  step: usize,
  kernel: usize,
  pairs: i32,
  scale: usize,
  bias: usize,
  used: i32,
  out: usize,
  stride: usize,
): void {
  let a0 = i32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  const third = seen + 2 * step;
  for (let i: usize = 0; i < (<usize>pairs) << 2; i += 4) {
    const w0 = v128.load8x8_s(kernel);
    const w1 = v128.load8x8_s(kernel, 8);
    kernel += 16;
    const a = v128.load32_splat(seen + i);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(a, w0));
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(a, w1));
    const b = v128.load32_splat(seen + step + i);
    b0 = i32x4.add(b0, i32x4.dot_i16x8_s(b, w0));
    b1 = i32x4.add(b1, i32x4.dot_i16x8_s(b, w1));
    const c = v128.load32_splat(third + i);
    c0 = i32x4.add(c0, i32x4.dot_i16x8_s(c, w0));
    c1 = i32x4.add(c1, i32x4.dot_i16x8_s(c, w1));
    const d = v128.load32_splat(third + step + i);
    d0 = i32x4.add(d0, i32x4.dot_i16x8_s(d, w0));
    d1 = i32x4.add(d1, i32x4.dot_i16x8_s(d, w1));
  }
  finish(a0, a1, scale, bias, used, out);
  finish(b0, b1, scale, bias, used, out + stride);
  finish(c0, c1, scale, bias, used, out + 2 * stride);
  finish(d0, d1, scale, bias, used, out + 3 * stride);
}

/** fround(fround(scale fround(s)) + bias) of eight filters. Scales and biases of a last block are read beyond its filters. */
function finish(low: v128, high: v128, scale: usize, bias: usize, used: i32, out: usize): void {
  let a = f32x4.mul(v128.load(scale), f32x4.convert_i32x4_s(low));
  let b = f32x4.mul(v128.load(scale, 16), f32x4.convert_i32x4_s(high));
  if (bias) {
    a = f32x4.add(a, v128.load(bias));
    b = f32x4.add(b, v128.load(bias, 16));
  }
  storeEight(a, b, used, out);
}

/** What the windows of some rows of outputs see of one group, as int16, outside 0. */
function gather(
  record: usize,
  x: usize,
  y: i32,
  rows: i32,
  group: i32,
  gathered: usize,
  rowBytes: usize,
): void {
  const channels = word(record, CHANNELS);
  const all = channels * word(record, GROUPS);
  const height = word(record, IN_HEIGHT);
  const inWidth = word(record, IN_WIDTH);
  const width = word(record, OUT_WIDTH);
  const from = x + <usize>(group * channels);
  memory.fill(gathered, 0, <usize>(rows * width) * rowBytes);
  for (let oy = y; oy < y + rows; oy++) {
    for (let ox = 0; ox < width; ox++) {
      let to = gathered;
      let iy = oy * word(record, STRIDE_HEIGHT) - word(record, PAD_TOP);
      for (let ky = word(record, FILTER_HEIGHT); ky > 0; ky--) {
        let ix = ox * word(record, STRIDE_WIDTH) - word(record, PAD_LEFT);
        for (let kx = word(record, FILTER_WIDTH); kx > 0; kx--) {
          if (iy >= 0 && iy < height && ix >= 0 && ix < inWidth) {
            widen(from + <usize>((iy * inWidth + ix) * all), channels, to);
          }
          to += (<usize>channels) << 1;
          ix += word(record, DILATION_WIDTH);
        }
        iy += word(record, DILATION_HEIGHT);
      }
      gathered += rowBytes;
    }
  }
}

function widen(from: usize, count: i32, to: usize): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    v128.store(to, v128.load8x8_s(from));
    from += 8;
    to += 16;
  }
  for (; i < count; i++) {
    store<i16>(to, <i16>load<i8>(from));
    from += 1;
    to += 2;
  }
}
