/**
 * Binary convolution: src/kernels/binary-conv.ts derives the sums, d = start + factor * popcount(x ^ w). Here the windows of a
 * strip are gathered first, one row of K bits for each pixel and group; then 16 filters at a time meet all pixels.
 *
 * Sixteen lanes are sixteen filters: byte k of the weights of all 16 stands in one vector, byte k of a pixel is spread over all
 * lanes, and no lane ever has to be added to another.
 *
 * i8x16.popcnt has no machine instruction before AVX-512 and costs eight, so bits are first added by carry-save adders (Harley and
 * Seal): of three bits of one weight, their XOR stays at that weight and their majority has twice it. Eight vectors go into running
 * sums of ones, twos and fours and give one vector of eights, which alone is counted.
 */
import { copyBits, setBits } from './bits';
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
import { storeFew } from './store-few';

/** Filters in a block of the kernel. */
const LANES: i32 = 16;
/** Most bytes of a row that are counted in one byte of each lane: 31 groups of 8, as 31 * 8 <= 255. */
const CHUNK: i32 = 248;

const PIXEL_BYTES = SIZES_END + 3;
const ROW_BYTES = SIZES_END + 4; // of K bits, a multiple of 4
const KERNEL = SIZES_END + 5;
const STARTS = SIZES_END + 6;
const FACTOR = SIZES_END + 7;
const TAP_SUMS = SIZES_END + 8; // or 0
const SET_OUTSIDE = SIZES_END + 9;
const GATHERED = SIZES_END + 10; // and the bytes between two threads' copies

/** Parameters: the window's sizes, then those above. */
export function binaryConv(record: usize, y: i32, rows: i32, thread: i32): void {
  const x = operand(record, IN, 0, thread);
  const out = operand(record, OUT, y, thread);
  const gathered = address(record, GATHERED) + <usize>thread * address(record, GATHERED + 1);
  const groups = word(record, GROUPS);
  const filters = word(record, FILTERS);
  const rowBytes = word(record, ROW_BYTES);
  const pixels = rows * word(record, OUT_WIDTH);
  const blocks = (filters + LANES - 1) / LANES;
  const blockBytes = <usize>(LANES * rowBytes);
  const pixelStride = (<usize>(groups * filters)) << 2;
  const factor = word(record, FACTOR);
  for (let group = 0; group < groups; group++) {
    gather(record, x, y, rows, group, gathered);
    for (let block = 0; block < blocks; block++) {
      const first = group * filters + block * LANES;
      const count = min(LANES, filters - block * LANES);
      const weights = address(record, KERNEL) + <usize>(group * blocks + block) * blockBytes;
      const starts = address(record, STARTS) + ((<usize>first) << 2);
      let seen = gathered;
      let to = out + ((<usize>first) << 2);
      for (let p = 0; p < pixels; p++) {
        sums(seen, weights, rowBytes, starts, factor, count, to);
        seen += <usize>rowBytes;
        to += pixelStride;
      }
    }
  }
  if (address(record, TAP_SUMS)) correct(record, y, rows, out);
}

/** The majority of three bits, given the XOR of the first two: where those differ the third decides. */
function majority(a: v128, c: v128, differ: v128): v128 {
  return v128.bitselect(c, a, differ);
}

function product(weights: usize, seen: usize, k: usize): v128 {
  return v128.xor(v128.load(weights + (k << 4)), v128.load8_splat(seen + k));
}

/** out[i] = start[i] + factor * popcount(seen ^ weights of lane i), for `count` lanes. */
function sums(
  seen: usize,
  weights: usize,
  bytes: i32,
  starts: usize,
  factor: i32,
  count: i32,
  out: usize,
): void {
  let n0 = i32x4.splat(0);
  let n1 = n0;
  let n2 = n0;
  let n3 = n0;
  for (let from = 0; from < bytes; from += CHUNK) {
    const end = min(bytes, from + CHUNK);
    const zero = i8x16.splat(0);
    let ones = zero;
    let twos = zero;
    let fours = zero;
    let eights = zero;
    let k = <usize>from;
    for (; k + 8 <= <usize>end; k += 8) {
      const w = weights + (k << 4);
      const s = seen + k;
      let a = v128.xor(v128.load(w), v128.load8_splat(s));
      let b = v128.xor(v128.load(w, 16), v128.load8_splat(s, 1));
      let differ = v128.xor(ones, a);
      let twosA = majority(ones, b, differ);
      ones = v128.xor(differ, b);
      a = v128.xor(v128.load(w, 32), v128.load8_splat(s, 2));
      b = v128.xor(v128.load(w, 48), v128.load8_splat(s, 3));
      differ = v128.xor(ones, a);
      let twosB = majority(ones, b, differ);
      ones = v128.xor(differ, b);
      differ = v128.xor(twos, twosA);
      const foursA = majority(twos, twosB, differ);
      twos = v128.xor(differ, twosB);
      a = v128.xor(v128.load(w, 64), v128.load8_splat(s, 4));
      b = v128.xor(v128.load(w, 80), v128.load8_splat(s, 5));
      differ = v128.xor(ones, a);
      twosA = majority(ones, b, differ);
      ones = v128.xor(differ, b);
      a = v128.xor(v128.load(w, 96), v128.load8_splat(s, 6));
      b = v128.xor(v128.load(w, 112), v128.load8_splat(s, 7));
      differ = v128.xor(ones, a);
      twosB = majority(ones, b, differ);
      ones = v128.xor(differ, b);
      differ = v128.xor(twos, twosA);
      const foursB = majority(twos, twosB, differ);
      twos = v128.xor(differ, twosB);
      differ = v128.xor(fours, foursA);
      eights = i8x16.add(eights, i8x16.popcnt(majority(fours, foursB, differ)));
      fours = v128.xor(differ, foursB);
    }
    // At most 8 + 2 * 8 + 4 * 8 and, of fewer than 8 vectors behind the groups, 56: a byte holds it.
    let rest = i8x16.add(
      i8x16.popcnt(ones),
      i8x16.add(i8x16.shl(i8x16.popcnt(twos), 1), i8x16.shl(i8x16.popcnt(fours), 2)),
    );
    for (; k < <usize>end; k++) {
      rest = i8x16.add(rest, i8x16.popcnt(product(weights, seen, k)));
    }
    const low = i16x8.add(
      i16x8.shl(i16x8.extend_low_i8x16_u(eights), 3),
      i16x8.extend_low_i8x16_u(rest),
    );
    const high = i16x8.add(
      i16x8.shl(i16x8.extend_high_i8x16_u(eights), 3),
      i16x8.extend_high_i8x16_u(rest),
    );
    n0 = i32x4.add(n0, i32x4.extend_low_i16x8_u(low));
    n1 = i32x4.add(n1, i32x4.extend_high_i16x8_u(low));
    n2 = i32x4.add(n2, i32x4.extend_low_i16x8_u(high));
    n3 = i32x4.add(n3, i32x4.extend_high_i16x8_u(high));
  }
  // The factor is -2 for signs and 1 for unsigned operands.
  if (factor < 0) {
    n0 = i32x4.neg(i32x4.shl(n0, 1));
    n1 = i32x4.neg(i32x4.shl(n1, 1));
    n2 = i32x4.neg(i32x4.shl(n2, 1));
    n3 = i32x4.neg(i32x4.shl(n3, 1));
  }
  // Starts are padded, so all 16 may be read; outputs are not.
  n0 = i32x4.add(n0, v128.load(starts));
  n1 = i32x4.add(n1, v128.load(starts, 16));
  n2 = i32x4.add(n2, v128.load(starts, 32));
  n3 = i32x4.add(n3, v128.load(starts, 48));
  if (count == LANES) {
    v128.store(out, n0);
    v128.store(out, n1, 16);
    v128.store(out, n2, 32);
    v128.store(out, n3, 48);
  } else {
    storeFew(n0, count, out);
    if (count > 4) storeFew(n1, count - 4, out + 16);
    if (count > 8) storeFew(n2, count - 8, out + 32);
    if (count > 12) storeFew(n3, count - 12, out + 48);
  }
}

/** What the windows of some rows of outputs see of one group: rows of bits, padded with 0 to ROW_BYTES. */
function gather(record: usize, x: usize, y: i32, rows: i32, group: i32, gathered: usize): void {
  const channels = word(record, CHANNELS);
  const width = word(record, OUT_WIDTH);
  const rowBytes = <usize>word(record, ROW_BYTES);
  const whole = (channels & 31) == 0 && !word(record, SET_OUTSIDE);
  if (!whole) memory.fill(gathered, 0, <usize>(rows * width) * rowBytes);
  for (let oy = y; oy < y + rows; oy++) {
    for (let ox = 0; ox < width; ox++) {
      if (whole) gatherWords(record, x, oy, ox, group, gathered);
      else gatherBits(record, x, oy, ox, group, gathered);
      gathered += rowBytes;
    }
  }
}

/** Channels that are whole words, and zeros outside. */
function gatherWords(record: usize, x: usize, oy: i32, ox: i32, group: i32, to: usize): void {
  const bytes = (<usize>word(record, CHANNELS)) >>> 3;
  const pixelBytes = address(record, PIXEL_BYTES);
  const height = word(record, IN_HEIGHT);
  const inWidth = word(record, IN_WIDTH);
  const taps = word(record, FILTER_WIDTH);
  const step = word(record, DILATION_WIDTH);
  const left = ox * word(record, STRIDE_WIDTH) - word(record, PAD_LEFT);
  const inside = left >= 0 && left + (taps - 1) * step < inWidth;
  const together = inside && step == 1 && bytes == pixelBytes;
  let iy = oy * word(record, STRIDE_HEIGHT) - word(record, PAD_TOP);
  const from = x + <usize>group * bytes;
  for (let ky = word(record, FILTER_HEIGHT); ky > 0; ky--) {
    if (iy < 0 || iy >= height) {
      copyWords(to, 0, <usize>taps * bytes);
      to += <usize>taps * bytes;
    } else if (together) {
      copyWords(to, from + <usize>(iy * inWidth + left) * pixelBytes, <usize>taps * bytes);
      to += <usize>taps * bytes;
    } else {
      let ix = left;
      for (let kx = 0; kx < taps; kx++) {
        const pixel = from + <usize>(iy * inWidth + ix) * pixelBytes;
        copyWords(to, ix >= 0 && ix < inWidth ? pixel : 0, bytes);
        to += bytes;
        ix += step;
      }
    }
    iy += word(record, DILATION_HEIGHT);
  }
}

/** A few words, for which memory.copy would take longer; zeros from nowhere. */
function copyWords(to: usize, from: usize, bytes: usize): void {
  let i: usize = 0;
  if (from) {
    for (; i + 8 <= bytes; i += 8) store<u64>(to + i, load<u64>(from + i));
    if (i < bytes) store<u32>(to + i, load<u32>(from + i));
  } else {
    for (; i + 8 <= bytes; i += 8) store<u64>(to + i, 0);
    if (i < bytes) store<u32>(to + i, 0);
  }
}

/** Any channels, into zeroed rows. */
function gatherBits(record: usize, x: usize, oy: i32, ox: i32, group: i32, to: usize): void {
  const channels = word(record, CHANNELS);
  const pixelBytes = address(record, PIXEL_BYTES);
  const setOutside = word(record, SET_OUTSIDE) != 0;
  let bit = 0;
  let iy = oy * word(record, STRIDE_HEIGHT) - word(record, PAD_TOP);
  for (let ky = word(record, FILTER_HEIGHT); ky > 0; ky--) {
    let ix = ox * word(record, STRIDE_WIDTH) - word(record, PAD_LEFT);
    for (let kx = word(record, FILTER_WIDTH); kx > 0; kx--) {
      if (iy >= 0 && iy < word(record, IN_HEIGHT) && ix >= 0 && ix < word(record, IN_WIDTH)) {
        const pixel = x + <usize>(iy * word(record, IN_WIDTH) + ix) * pixelBytes;
        copyBits(pixel, group * channels, to, bit, channels);
      } else if (setOutside) {
        setBits(to, bit, channels);
      }
      bit += channels;
      ix += word(record, DILATION_WIDTH);
    }
    iy += word(record, DILATION_HEIGHT);
  }
}

/** Takes the weights' sums of all taps outside off the sums of the outputs at the border. */
function correct(record: usize, y: i32, rows: i32, out: usize): void {
  const width = word(record, OUT_WIDTH);
  const filters = word(record, FILTERS) * word(record, GROUPS);
  const tapBytes = (<usize>filters) << 2;
  const reachY = (word(record, FILTER_HEIGHT) - 1) * word(record, DILATION_HEIGHT);
  const reachX = (word(record, FILTER_WIDTH) - 1) * word(record, DILATION_WIDTH);
  for (let oy = y; oy < y + rows; oy++) {
    const top = oy * word(record, STRIDE_HEIGHT) - word(record, PAD_TOP);
    const rowsInside = top >= 0 && top + reachY < word(record, IN_HEIGHT);
    for (let ox = 0; ox < width; ox++, out += tapBytes) {
      const left = ox * word(record, STRIDE_WIDTH) - word(record, PAD_LEFT);
      if (rowsInside && left >= 0 && left + reachX < word(record, IN_WIDTH)) continue;
      let tap = address(record, TAP_SUMS);
      let iy = top;
      for (let ky = word(record, FILTER_HEIGHT); ky > 0; ky--) {
        let ix = left;
        for (let kx = word(record, FILTER_WIDTH); kx > 0; kx--) {
          const inside =
            iy >= 0 && iy < word(record, IN_HEIGHT) && ix >= 0 && ix < word(record, IN_WIDTH);
          if (!inside) takeOff(out, tap, tapBytes);
          tap += tapBytes;
          ix += word(record, DILATION_WIDTH);
        }
        iy += word(record, DILATION_HEIGHT);
      }
    }
  }
}

function takeOff(out: usize, tap: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    v128.store(out + i, i32x4.sub(v128.load(out + i), v128.load(tap + i)));
  }
  for (; i < bytes; i += 4) store<i32>(out + i, load<i32>(out + i) - load<i32>(tap + i));
}
