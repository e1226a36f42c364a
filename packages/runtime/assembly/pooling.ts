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

/** The taps of one window that lie inside the picture; set by `look`, and read at once. */
let firstRow: i32 = 0;
let endRow: i32 = 0;
let firstColumn: i32 = 0;
let endColumn: i32 = 0;
/** Row and column of the window's first tap. */
let top: i32 = 0;
let left: i32 = 0;

function look(record: usize, oy: i32, ox: i32): void {
  top = oy * word(record, STRIDE_HEIGHT) - word(record, PAD_TOP);
  left = ox * word(record, STRIDE_WIDTH) - word(record, PAD_LEFT);
  const height = word(record, FILTER_HEIGHT);
  const width = word(record, FILTER_WIDTH);
  firstRow = firstTap(top, height, word(record, DILATION_HEIGHT));
  endRow = endTap(top, firstRow, height, word(record, DILATION_HEIGHT), word(record, IN_HEIGHT));
  firstColumn = firstTap(left, width, word(record, DILATION_WIDTH));
  endColumn = endTap(
    left,
    firstColumn,
    width,
    word(record, DILATION_WIDTH),
    word(record, IN_WIDTH),
  );
}

/** Where the pixel of a tap stands. */
function pixelAt(record: usize, x: usize, ky: i32, kx: i32, bytes: usize): usize {
  const iy = top + ky * word(record, DILATION_HEIGHT);
  const ix = left + kx * word(record, DILATION_WIDTH);
  return x + <usize>(iy * word(record, IN_WIDTH) + ix) * bytes;
}

/** Of f32 a NaN among them is the result, and of two zeros the first. Then: channels, numbers are i32. */
export function maxPool(record: usize, y: i32, rows: i32, thread: i32): void {
  const x = operand(record, IN, 0, thread);
  let out = operand(record, OUT, y, thread);
  const bytes = address(record, SIZES_END) << 2;
  const integers = word(record, SIZES_END + 1) != 0;
  const width = word(record, OUT_WIDTH);
  const lowest = integers ? i32x4.splat(i32.MIN_VALUE) : f32x4.splat(-Infinity);
  for (let oy = y; oy < y + rows; oy++) {
    for (let ox = 0; ox < width; ox++) {
      look(record, oy, ox);
      let at: usize = 0;
      for (; at < bytes; at += 16) {
        // The last vector may begin before the end of the one before it: it computes some channels twice.
        if (at + 16 > bytes) {
          if (bytes < 16) break;
          at = bytes - 16;
        }
        let most = lowest;
        for (let ky = firstRow; ky < endRow; ky++) {
          for (let kx = firstColumn; kx < endColumn; kx++) {
            const v = v128.load(pixelAt(record, x, ky, kx, bytes) + at);
            most = integers
              ? i32x4.max_s(most, v)
              : v128.bitselect(v, most, v128.or(f32x4.gt(v, most), f32x4.ne(v, v)));
          }
        }
        v128.store(out + at, most);
      }
      if (bytes < 16) maxOfFew(record, x, out, bytes, integers);
      out += bytes;
    }
  }
}

/** Fewer channels than a vector has. */
function maxOfFew(record: usize, x: usize, out: usize, bytes: usize, integers: bool): void {
  for (let at: usize = 0; at < bytes; at += 4) {
    let mostFloat: f32 = -Infinity;
    let mostInteger = i32.MIN_VALUE;
    for (let ky = firstRow; ky < endRow; ky++) {
      for (let kx = firstColumn; kx < endColumn; kx++) {
        const from = pixelAt(record, x, ky, kx, bytes) + at;
        if (integers) {
          mostInteger = max(mostInteger, load<i32>(from));
        } else {
          const v = load<f32>(from);
          if (v > mostFloat || v != v) mostFloat = v;
        }
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
      look(record, oy, ox);
      for (let at: usize = 0; at < bytes; at += 4) {
        const flip = load<u32>(flips + at);
        let bits: u32 = 0xffffffff;
        for (let ky = firstRow; ky < endRow; ky++) {
          for (let kx = firstColumn; kx < endColumn; kx++) {
            bits &= load<u32>(pixelAt(record, x, ky, kx, bytes) + at) ^ flip;
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
      look(record, oy, ox);
      const count = <f64>((endRow - firstRow) * (endColumn - firstColumn));
      let at: usize = 0;
      for (; at + 8 <= bytes; at += 8) {
        let sum = f64x2.splat(0);
        for (let ky = firstRow; ky < endRow; ky++) {
          for (let kx = firstColumn; kx < endColumn; kx++) {
            const v = v128.load64_zero(pixelAt(record, x, ky, kx, bytes) + at);
            sum = f64x2.add(
              sum,
              integers ? f64x2.convert_low_i32x4_s(v) : f64x2.promote_low_f32x4(v),
            );
          }
        }
        const mean = f32x4.demote_f64x2_zero(f64x2.div(sum, f64x2.splat(count)));
        v128.store64_lane(out + at, mean, 0);
      }
      if (at < bytes) {
        let sum: f64 = 0;
        for (let ky = firstRow; ky < endRow; ky++) {
          for (let kx = firstColumn; kx < endColumn; kx++) {
            sum += <f64>number(pixelAt(record, x, ky, kx, bytes) + at, integers);
          }
        }
        store<f32>(out + at, <f32>(sum / count));
      }
      out += bytes;
    }
  }
}
