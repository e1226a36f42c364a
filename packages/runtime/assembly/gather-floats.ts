/**
 * What the windows of a strip see, as rows of floats. What lies outside the picture is gathered as padValue, zeros included: a sum
 * that begins with +0 does not change by +0 or -0.
 */
import {
  CHANNELS,
  DILATION_HEIGHT,
  DILATION_WIDTH,
  FILTER_HEIGHT,
  FILTER_WIDTH,
  GROUPS,
  IN_HEIGHT,
  IN_WIDTH,
  OUT_WIDTH,
  PAD_LEFT,
  PAD_TOP,
  STRIDE_HEIGHT,
  STRIDE_WIDTH,
  address,
  endTap,
  firstTap,
  float,
  floats,
  number,
  word,
} from './record';

/** What a record of floats has behind GROUPS, whatever its weights are. */
const INTEGERS: i32 = GROUPS + 1;
export const KERNEL: i32 = GROUPS + 2;
const BIAS: i32 = GROUPS + 3; // or 0
const PAD_VALUE: i32 = GROUPS + 4;
const EXACT: i32 = GROUPS + 5;
const GATHERED: i32 = GROUPS + 6; // and the bytes between two threads' copies

/** Whether sums are f64 in the canonical order; else they are f32. */
export function isExact(record: usize): bool {
  return word(record, EXACT) != 0;
}

/** Numbers that a window sees of a group, K. */
export function numbersSeen(record: usize): i32 {
  return word(record, FILTER_HEIGHT) * word(record, FILTER_WIDTH) * word(record, CHANNELS);
}

/** Where a thread's windows are gathered. */
export function gatheredAt(record: usize, thread: i32): usize {
  return address(record, GATHERED) + <usize>thread * address(record, GATHERED + 1);
}

/** The biases of the filters from `first` on, or 0. */
export function biasAt(record: usize, first: i32): usize {
  const bias = address(record, BIAS);
  return bias ? bias + ((<usize>first) << 2) : 0;
}

/** What the windows of some rows of outputs see of one group: rows of K f64, or f32. */
export function gather(record: usize, x: usize, y: i32, rows: i32, group: i32, to: usize): void {
  const channels = word(record, CHANNELS);
  const integers = word(record, INTEGERS) != 0;
  const outside = float(record, PAD_VALUE);
  const exact = isExact(record);
  const all = channels * word(record, GROUPS);
  const height = word(record, IN_HEIGHT);
  const inWidth = word(record, IN_WIDTH);
  const width = word(record, OUT_WIDTH);
  const taps = word(record, FILTER_WIDTH);
  const step = word(record, DILATION_WIDTH);
  const from = x + ((<usize>(group * channels)) << 2);
  const together = step == 1 && all == channels;
  const size: usize = exact ? 8 : 4;
  for (let oy = y; oy < y + rows; oy++) {
    const top = oy * word(record, STRIDE_HEIGHT) - word(record, PAD_TOP);
    for (let ox = 0; ox < width; ox++) {
      const left = ox * word(record, STRIDE_WIDTH) - word(record, PAD_LEFT);
      const first = firstTap(left, taps, step);
      const end = endTap(left, first, taps, step, inWidth);
      let iy = top;
      for (let ky = word(record, FILTER_HEIGHT); ky > 0; ky--) {
        const row = from + ((<usize>((iy * inWidth + left) * all)) << 2);
        if (iy < 0 || iy >= height) {
          to = spread(outside, taps * channels, to, size);
        } else {
          to = spread(outside, first * channels, to, size);
          if (together) {
            const begin = row + ((<usize>(first * channels)) << 2);
            to = take(begin, (end - first) * channels, to, exact, integers);
          } else {
            for (let kx = first; kx < end; kx++) {
              to = take(row + ((<usize>(kx * step * all)) << 2), channels, to, exact, integers);
            }
          }
          to = spread(outside, (taps - end) * channels, to, size);
        }
        iy += word(record, DILATION_HEIGHT);
      }
    }
  }
}

/** `count` times the same number. @returns the end. */
function spread(value: f32, count: i32, to: usize, size: usize): usize {
  for (let i = 0; i < count; i++) {
    if (size == 8) store<f64>(to, <f64>value);
    else store<f32>(to, value);
    to += size;
  }
  return to;
}

/** `count` numbers as f64 or f32. @returns the end. */
function take(from: usize, count: i32, to: usize, exact: bool, integers: bool): usize {
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const v = floats(from, integers);
    if (exact) {
      v128.store(to, f64x2.promote_low_f32x4(v));
      v128.store(to, f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0)), 16);
      to += 32;
    } else {
      v128.store(to, v);
      to += 16;
    }
    from += 16;
  }
  for (; i < count; i++) {
    const v = number(from, integers);
    if (exact) store<f64>(to, <f64>v);
    else store<f32>(to, v);
    to += exact ? 8 : 4;
    from += 4;
  }
  return to;
}
