/**
 * A record's words: what all have in common, and the sizes of those that look through a window. The layout is
 * src/program/records.ts; the numbers here are its offsets.
 */

export function word(record: usize, index: i32): i32 {
  return load<i32>(record + ((<usize>index) << 2));
}

export function address(record: usize, index: i32): usize {
  return <usize>load<u32>(record + ((<usize>index) << 2));
}

export function float(record: usize, index: i32): f32 {
  return load<f32>(record + ((<usize>index) << 2));
}

/**
 * Where row y of an operand stands: three words at `index`, its address, the bytes of a row, and the bytes between two
 * threads' copies. Of an edge that lives only inside its stage a thread keeps the rows of one strip, and the second is 0.
 */
export function operand(record: usize, index: i32, y: i32, thread: i32): usize {
  return (
    address(record, index) +
    <usize>y * address(record, index + 1) +
    <usize>thread * address(record, index + 2)
  );
}

/** Places of the first operands. */
export const OUT: i32 = 3;
export const IN: i32 = 6;
/** Where the parameters of an op begin. */
export const FIRST: i32 = 9;

/** Places of a window's sizes, from FIRST on; `SIZES_END` is the first parameter behind them. */
export const IN_HEIGHT: i32 = FIRST;
export const IN_WIDTH: i32 = FIRST + 1;
export const OUT_WIDTH: i32 = FIRST + 2;
export const FILTER_HEIGHT: i32 = FIRST + 3;
export const FILTER_WIDTH: i32 = FIRST + 4;
export const STRIDE_HEIGHT: i32 = FIRST + 5;
export const STRIDE_WIDTH: i32 = FIRST + 6;
export const DILATION_HEIGHT: i32 = FIRST + 7;
export const DILATION_WIDTH: i32 = FIRST + 8;
export const PAD_TOP: i32 = FIRST + 9;
export const PAD_LEFT: i32 = FIRST + 10;
export const SIZES_END: i32 = FIRST + 11;

/** What every convolution has there: channels and filters of one group, and groups. */
export const CHANNELS: i32 = SIZES_END;
export const FILTERS: i32 = SIZES_END + 1;
export const GROUPS: i32 = SIZES_END + 2;

/** The first tap inside the picture, along one axis: src/kernels/taps.ts. */
export function firstTap(begin: i32, taps: i32, dilation: i32): i32 {
  return begin >= 0 ? 0 : min(taps, (dilation - 1 - begin) / dilation);
}

/** The end of the taps inside the picture. */
export function endTap(begin: i32, first: i32, taps: i32, dilation: i32, inputs: i32): i32 {
  if (begin + (taps - 1) * dilation < inputs) return taps;
  return max(first, (inputs - begin + dilation - 1) / dilation);
}

/** f32 or i32 numbers as four floats. */
export function floats(at: usize, integers: bool): v128 {
  return integers ? f32x4.convert_i32x4_s(v128.load(at)) : v128.load(at);
}

export function number(at: usize, integers: bool): f32 {
  return integers ? <f32>load<i32>(at) : load<f32>(at);
}
