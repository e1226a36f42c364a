/** Largest and mean of what a window sees of the picture. Parameters of all: the window's sizes, then those named. */
import {
  DILATION_HEIGHT,
  DILATION_WIDTH,
  FILTER_HEIGHT,
  FILTER_WIDTH,
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
  endTap,
  firstTap,
  number,
  operand,
  word,
} from './record';

/** The taps of one window that lie inside the picture: where the first stands, and how many there are. Set by `look`, read at once. */
let first: usize = 0;
let tapRows: i32 = 0;
let tapColumns: i32 = 0;
/** Bytes from tap to tap. */
let downwards: usize = 0;
let sideways: usize = 0;

/** @param bytes of a pixel. */
function look(record: usize, x: usize, oy: i32, ox: i32, bytes: usize): void {
  const width = word(record, IN_WIDTH);
  const stepY = word(record, DILATION_HEIGHT);
  const stepX = word(record, DILATION_WIDTH);
  const top = oy * word(record, STRIDE_HEIGHT) - word(record, PAD_TOP);
  const left = ox * word(record, STRIDE_WIDTH) - word(record, PAD_LEFT);
  const firstRow = firstTap(top, word(record, FILTER_HEIGHT), stepY);
  const endRow = endTap(top, firstRow, word(record, FILTER_HEIGHT), stepY, word(record, IN_HEIGHT));
  const firstColumn = firstTap(left, word(record, FILTER_WIDTH), stepX);
  const endColumn = endTap(left, firstColumn, word(record, FILTER_WIDTH), stepX, width);
  tapRows = endRow - firstRow;
  tapColumns = endColumn - firstColumn;
  first = x + <usize>((top + firstRow * stepY) * width + left + firstColumn * stepX) * bytes;
  downwards = <usize>(stepY * width) * bytes;
  sideways = <usize>stepX * bytes;
}

/** Of f32 a NaN among them is the result, and of two zeros the first. Then: channels, numbers are i32. */
export function maxPool(record: usize, y: i32, rows: i32, thread: i32): void {
  const x = operand(record, IN, 0, thread);
  let out = operand(record, OUT, y, thread);
  const bytes = address(record, SIZES_END) << 2;
  const integers = word(record, SIZES_END + 1) != 0;
  const width = word(record, OUT_WIDTH);
  for (let oy = y; oy < y + rows; oy++) {
    for (let ox = 0; ox < width; ox++) {
      look(record, x, oy, ox, bytes);
      if (bytes < 16) maxOfFew(out, bytes, integers);
      else if (integers) maxOfIntegers(out, bytes);
      else maxOfFloats(out, bytes);
      out += bytes;
    }
  }
}

/** At least one vector of channels; the last may begin before the end of the one before it and compute some channels twice. */
function maxOfFloats(out: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    at = min(at, bytes - 16);
    let most = f32x4.splat(-Infinity);
    // pmax passes NaNs over. All ones are a NaN.
    let nans = i32x4.splat(0);
    let row = first + at;
    for (let ky = 0; ky < tapRows; ky++) {
      let tap = row;
      for (let kx = 0; kx < tapColumns; kx++) {
        const v = v128.load(tap);
        most = f32x4.pmax(most, v);
        nans = v128.or(nans, f32x4.ne(v, v));
        tap += sideways;
      }
      row += downwards;
    }
    v128.store(out + at, v128.or(most, nans));
  }
}

function maxOfIntegers(out: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    at = min(at, bytes - 16);
    let most = i32x4.splat(i32.MIN_VALUE);
    let row = first + at;
    for (let ky = 0; ky < tapRows; ky++) {
      let tap = row;
      for (let kx = 0; kx < tapColumns; kx++) {
        most = i32x4.max_s(most, v128.load(tap));
        tap += sideways;
      }
      row += downwards;
    }
    v128.store(out + at, most);
  }
}

/** Fewer channels than a vector has. */
function maxOfFew(out: usize, bytes: usize, integers: bool): void {
  for (let at: usize = 0; at < bytes; at += 4) {
    let mostFloat: f32 = -Infinity;
    let mostInteger = i32.MIN_VALUE;
    for (let ky = 0; ky < tapRows; ky++) {
      let tap = first + <usize>ky * downwards + at;
      for (let kx = 0; kx < tapColumns; kx++) {
        if (integers) {
          mostInteger = max(mostInteger, load<i32>(tap));
        } else {
          const v = load<f32>(tap);
          if (v > mostFloat || v != v) mostFloat = v;
        }
        tap += sideways;
      }
    }
    if (integers) store<i32>(out + at, mostInteger);
    else store<f32>(out + at, mostFloat);
  }
}

/** The AND of bits; flipped channels are inverted before and after: src/kernels/max-pool.ts. Then: words of a pixel, flips. */
export function maxPoolBits(record: usize, y: i32, rows: i32, thread: i32): void {
  const x = operand(record, IN, 0, thread);
  let out = operand(record, OUT, y, thread);
  const bytes = address(record, SIZES_END) << 2;
  const flips = address(record, SIZES_END + 1);
  const width = word(record, OUT_WIDTH);
  for (let oy = y; oy < y + rows; oy++) {
    for (let ox = 0; ox < width; ox++) {
      look(record, x, oy, ox, bytes);
      for (let at: usize = 0; at < bytes; at += 4) {
        const flip = load<u32>(flips + at);
        let bits: u32 = 0xffffffff;
        for (let ky = 0; ky < tapRows; ky++) {
          let tap = first + <usize>ky * downwards + at;
          for (let kx = 0; kx < tapColumns; kx++) {
            bits &= load<u32>(tap) ^ flip;
            tap += sideways;
          }
        }
        store<u32>(out + at, bits ^ flip);
      }
      out += bytes;
    }
  }
}

/** The mean of the taps inside, summed in f64. Then: channels, input is i32. */
export function averagePool(record: usize, y: i32, rows: i32, thread: i32): void {
  const x = operand(record, IN, 0, thread);
  let out = operand(record, OUT, y, thread);
  const bytes = address(record, SIZES_END) << 2;
  const integers = word(record, SIZES_END + 1) != 0;
  const width = word(record, OUT_WIDTH);
  for (let oy = y; oy < y + rows; oy++) {
    for (let ox = 0; ox < width; ox++) {
      look(record, x, oy, ox, bytes);
      const count = <f64>(tapRows * tapColumns);
      let at: usize = 0;
      for (; at + 8 <= bytes; at += 8) {
        let sum = f64x2.splat(0);
        for (let ky = 0; ky < tapRows; ky++) {
          let tap = first + <usize>ky * downwards + at;
          for (let kx = 0; kx < tapColumns; kx++) {
            const v = v128.load64_zero(tap);
            sum = f64x2.add(
              sum,
              integers ? f64x2.convert_low_i32x4_s(v) : f64x2.promote_low_f32x4(v),
            );
            tap += sideways;
          }
        }
        const mean = f32x4.demote_f64x2_zero(f64x2.div(sum, f64x2.splat(count)));
        v128.store64_lane(out + at, mean, 0);
      }
      if (at < bytes) {
        let sum: f64 = 0;
        for (let ky = 0; ky < tapRows; ky++) {
          let tap = first + <usize>ky * downwards + at;
          for (let kx = 0; kx < tapColumns; kx++) {
            sum += <f64>number(tap, integers);
            tap += sideways;
          }
        }
        store<f32>(out + at, <f32>(sum / count));
      }
      out += bytes;
    }
  }
}
