/**
 * Filter gradient of the binary branch, wgrad(sign(x), dy), by table (sign-table.ts): lanes are 16 output channels, terms are pixels, a row
 * of signs is an input channel under a tap.
 *
 * Padding 0 is no sign: such a pixel counts as +1 among the terms, and the sum of the dy that stand against it is taken off again, for each
 * tap once. So what is padded counts among the products that bound the rounding.
 */
import { COORDINATE_BYTES, inside, locate, tapBytes } from './conv';
import { ConvJob } from './job';
import { loadLanes, storeLanes } from './lanes';
import { ENTRY_BYTES, GROUPS, LANES, TABLE_BYTES, TERMS, lookUpTwo, tabulate } from './sign-table';

/** Pixels of a strip: as many as there are tables in use. */
const STRIP: i32 = GROUPS * TERMS;
const NOWHERE: i32 = -0x40000000;

/** Bytes 0 for +1 and 255 for -1: `rows` rows of `channels` floats, to rows of `stride` bytes (a multiple of 16). */
export function signBytes(x: usize, rows: i32, channels: i32, to: usize, stride: usize): void {
  const zero = f32x4.splat(0);
  const whole = channels & ~15;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < whole; c += 16) {
      const a = f32x4.lt(v128.load(x), zero);
      const b = f32x4.lt(v128.load(x, 16), zero);
      const d = f32x4.lt(v128.load(x, 32), zero);
      const e = f32x4.lt(v128.load(x, 48), zero);
      const low = i16x8.narrow_i32x4_s(a, b);
      v128.store(to + c, i8x16.narrow_i16x8_s(low, i16x8.narrow_i32x4_s(d, e)));
      x += 64;
    }
    for (let c = whole; c < channels; c++) {
      store<u8>(to + c, load<f32>(x) < 0 ? 255 : 0);
      x += 4;
    }
    to += stride;
  }
}

/**
 * Numbers of four pixels' signs for every channel under each tap, [tap][group][stride]; and for each tap a list of the strip's pixels that it
 * finds outside: [tap][1 + STRIP] i32, the first one being how many.
 */
function number(job: ConvJob, count: i32, numbers: usize, stride: usize, missing: usize): void {
  const height = job.sourceHeight;
  const width = job.sourceWidth;
  const outside = job.outside;
  const groups = (count + TERMS - 1) / TERMS;
  const one = i8x16.splat(1);
  const two = i8x16.splat(2);
  const four = i8x16.splat(4);
  const eight = i8x16.splat(8);
  for (let t = 0; t < job.tapCount; t++) {
    const tap = job.taps + ((<usize>t) << 3);
    const y = load<i32>(tap);
    const x = load<i32>(tap, 4);
    const bytes = tapBytes(job, y, x);
    let missed = 0;
    let at = job.coordinates;
    for (let g = 0; g < groups; g++) {
      const p = g * TERMS;
      const r0 = seen(at, p < count, y, x, height, width, bytes, outside);
      const r1 = seen(at + 16, p + 1 < count, y, x, height, width, bytes, outside);
      const r2 = seen(at + 32, p + 2 < count, y, x, height, width, bytes, outside);
      const r3 = seen(at + 48, p + 3 < count, y, x, height, width, bytes, outside);
      for (let c: usize = 0; c < stride; c += 16) {
        const low = v128.or(v128.and(v128.load(r0 + c), one), v128.and(v128.load(r1 + c), two));
        const high = v128.or(v128.and(v128.load(r2 + c), four), v128.and(v128.load(r3 + c), eight));
        v128.store(numbers + c, v128.or(low, high));
      }
      for (let i = 0; i < TERMS && p + i < count; i++) {
        const r = i == 0 ? r0 : i == 1 ? r1 : i == 2 ? r2 : r3;
        if (r == outside) {
          missed++;
          store<i32>(missing + ((<usize>missed) << 2), p + i);
        }
      }
      numbers += stride;
      at += TERMS * COORDINATE_BYTES;
    }
    store<i32>(missing, missed);
    missing += (1 + STRIP) << 2;
  }
}

/** Where the signs of a located pixel under a tap stand. */
function seen(
  at: usize,
  exists: bool,
  y: i32,
  x: i32,
  height: i32,
  width: i32,
  bytes: usize,
  outside: usize,
): usize {
  const row = exists ? load<i32>(at, 4) : NOWHERE;
  return inside(row + y, load<i32>(at, 8) + x, height, width, load<usize>(at) + bytes, outside);
}

/** Tables of the strip's dy, `lanes` (up to 16) channels from `dy` on. Pixels beyond the strip are zero. */
function tabulatePixels(dy: usize, rowBytes: usize, count: i32, lanes: i32, table: usize): void {
  const none = f32x4.splat(0);
  for (let p = 0; p < count; p += TERMS) {
    for (let c = 0; c < LANES; c += 4) {
      const used = lanes - c;
      const at = dy + ((<usize>c) << 2);
      let v0 = none;
      let v1 = none;
      let v2 = none;
      let v3 = none;
      if (used > 0) {
        v0 = loadLanes(at, used);
        if (count - p > 1) v1 = loadLanes(at + rowBytes, used);
        if (count - p > 2) v2 = loadLanes(at + 2 * rowBytes, used);
        if (count - p > 3) v3 = loadLanes(at + 3 * rowBytes, used);
      }
      tabulate(v0, v1, v2, v3, table + ((<usize>c) << 2));
    }
    dy += TERMS * rowBytes;
    table += TABLE_BYTES;
  }
}

/** -(sum of dy over the pixels of a list), 16 lanes. */
function takeOff(list: usize, dy: usize, rowBytes: usize, lanes: i32, to: usize): void {
  const end = list + ((<usize>(1 + load<i32>(list))) << 2);
  for (let c = 0; c < LANES; c += 4) {
    const used = lanes - c;
    let sum = f32x4.splat(0);
    if (used > 0) {
      const from = dy + ((<usize>c) << 2);
      for (let at = list + 4; at < end; at += 4) {
        sum = f32x4.sub(sum, loadLanes(from + <usize>load<i32>(at) * rowBytes, used));
      }
    }
    v128.store(to + ((<usize>c) << 2), sum);
  }
}

/**
 * dfilter [taps, channels, n] of the job (one group), whose source is bytes: sourceChannels counts words, groupSource channels. job.outside
 * is a row of the padding's signs. Summed are `pixels` grid pixels from `firstPixel` on, for `n` output channels from `firstColumn` on.
 * `correct`: padding is 0. Scratch: `numbers` taps x GROUPS x 4 sourceChannels bytes, `missing` taps x (1 + STRIP) i32, `table` GROUPS
 * tables, `sums` three entries.
 */
export function signFilterGradient(
  job: ConvJob,
  dy: usize,
  dfilter: usize,
  correct: bool,
  numbers: usize,
  missing: usize,
  table: usize,
  sums: usize,
  firstPixel: i32,
  pixels: i32,
  firstColumn: i32,
  n: i32,
): void {
  const end = firstPixel + pixels;
  const channels = job.groupSource;
  const stride = (<usize>job.sourceChannels) << 2;
  const rowBytes = (<usize>job.targetChannels) << 2;
  const correction = sums + 2 * ENTRY_BYTES;
  for (let first = firstPixel; first < end; first += STRIP) {
    const count = min(STRIP, end - first);
    const groups = (count + TERMS - 1) / TERMS;
    const more = first > firstPixel;
    locate(job, first, count);
    number(job, count, numbers, stride, missing);
    for (let j = 0; j < n; j += LANES) {
      const lanes = min(LANES, n - j);
      const column = (<usize>(firstColumn + j)) << 2;
      const from = dy + <usize>first * rowBytes + column;
      tabulatePixels(from, rowBytes, count, lanes, table);
      for (let t = 0; t < job.tapCount; t++) {
        const list = missing + <usize>(t * (1 + STRIP) * 4);
        const corrected = correct && load<i32>(list) > 0;
        if (corrected) takeOff(list, from, rowBytes, lanes, correction);
        let to = dfilter + <usize>(t * channels) * rowBytes + column;
        const row = numbers + <usize>(t * groups) * stride;
        for (let c = 0; c < channels; c += 2) {
          lookUpTwo(table, row + c, stride, groups, sums, sums + ENTRY_BYTES, false);
          addRow(sums, corrected ? correction : 0, to, lanes, more);
          if (c + 1 < channels) {
            addRow(sums + ENTRY_BYTES, corrected ? correction : 0, to + rowBytes, lanes, more);
          }
          to += 2 * rowBytes;
        }
      }
    }
  }
}

/** A row of the gradient: sums and correction, added to what is there or in its place. */
function addRow(sums: usize, correction: usize, to: usize, lanes: i32, more: bool): void {
  for (let c = 0; c < lanes; c += 4) {
    const used = lanes - c;
    const at = (<usize>c) << 2;
    let v = v128.load(sums + at);
    if (correction != 0) v = f32x4.add(v, v128.load(correction + at));
    if (more) v = f32x4.add(loadLanes(to + at, used), v);
    storeLanes(to + at, v, used);
  }
}
