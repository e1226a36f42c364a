/**
 * Filter gradient: dfilter (taps x channels) x outChannels = patches^T dy, a product whose inner dimension is
 * the pixels of the whole batch. Chunks of pixels are summed one after the other into dfilter.
 *
 * For the left operand's panels (4 rows = 4 channels, a step = a pixel) NHWC is already the right way round:
 * the four channels of one pixel lie side by side, so packing is a plain copy and needs no transposition.
 *
 * The binary layer wants two such gradients of one dy, for sign(x) (padded with padValue) and for x (padded with
 * 0); they share the packed dy and the addresses, and nothing else: the first has the same bits with or
 * without the second.
 */
import { COORDINATE_BYTES, inside, locate, tapBytes } from './conv';
import { ConvJob } from './job';
import { loadLanes, storeLanes } from './lanes';
import { NR, multiplyPanels } from './micro';
import { packByRows } from './pack';

/** Rows of a panel: four channels of a pixel, as they lie. */
const MR: i32 = 4;

/** Below so many channels the rows of a panel run across taps, so that panels are not mostly empty. */
export const FEW_CHANNELS: i32 = 4;

/** -1.0 where v < 0, else 1.0: the comparison, not the sign bit, so that -0 counts as +1. */
export function signOf(v: v128): v128 {
  const negative = f32x4.lt(v, f32x4.splat(0));
  return v128.or(v128.and(negative, i32x4.splat(0x80000000)), f32x4.splat(1));
}

/** Addresses of the source pixel under one tap for each located pixel; 0 = outside the picture. */
function tabulate(job: ConvJob, count: i32, tap: usize, channelBytes: usize, table: usize): void {
  const y = load<i32>(tap);
  const x = load<i32>(tap, 4);
  const offset = tapBytes(job, y, x) + channelBytes;
  const height = job.sourceHeight;
  const width = job.sourceWidth;
  const end = job.coordinates + <usize>count * COORDINATE_BYTES;
  for (let at = job.coordinates; at < end; at += COORDINATE_BYTES) {
    const row = load<i32>(at, 4) + y;
    const column = load<i32>(at, 8) + x;
    store<usize>(table, inside(row, column, height, width, load<usize>(at) + offset, 0));
    table += 4;
  }
}

/** Panels of 4 channels under one tap. */
function packChannels(
  table: usize,
  count: i32,
  channels: i32,
  signs: bool,
  outside: f32,
  to: usize,
): void {
  const end = table + ((<usize>count) << 2);
  const padding = f32x4.splat(outside);
  for (let c = 0; c < channels; c += MR) {
    const offset = (<usize>c) << 2;
    if (channels - c >= MR) {
      for (let at = table; at < end; at += 4) {
        const from = load<usize>(at);
        let v = padding;
        if (from != 0) {
          v = v128.load(from + offset);
          if (signs) v = signOf(v);
        }
        v128.store(to, v);
        to += 16;
      }
    } else {
      for (let at = table; at < end; at += 4) {
        const from = load<usize>(at);
        for (let r = 0; r < MR; r++) {
          let v: f32 = 0;
          if (c + r < channels) {
            if (from == 0) v = outside;
            else v = load<f32>(from + offset + ((<usize>r) << 2));
            if (signs && from != 0) v = v < 0 ? -1 : 1;
          }
          store<f32>(to + ((<usize>r) << 2), v);
        }
        to += 16;
      }
    }
  }
}

/**
 * Panels of 4 rows of the flat (tap, channel) index, from one table per tap. Rows beyond the last one repeat it;
 * their results are never read.
 */
function packRows(
  table: usize,
  count: i32,
  tapCount: i32,
  channels: i32,
  signs: bool,
  outside: f32,
  to: usize,
): void {
  const last = tapCount * channels - 1;
  for (let row = 0; row <= last; row += MR) {
    const q1 = min(row + 1, last);
    const q2 = min(row + 2, last);
    const q3 = min(row + 3, last);
    let t0 = table + ((<usize>((row / channels) * count)) << 2);
    const t1 = table + ((<usize>((q1 / channels) * count)) << 2) - t0;
    const t2 = table + ((<usize>((q2 / channels) * count)) << 2) - t0;
    const t3 = table + ((<usize>((q3 / channels) * count)) << 2) - t0;
    const c0 = (<usize>(row % channels)) << 2;
    const c1 = (<usize>(q1 % channels)) << 2;
    const c2 = (<usize>(q2 % channels)) << 2;
    const c3 = (<usize>(q3 % channels)) << 2;
    const end = t0 + ((<usize>count) << 2);
    for (; t0 < end; t0 += 4) {
      store<f32>(to, entry(load<usize>(t0), c0, signs, outside));
      store<f32>(to, entry(load<usize>(t0 + t1), c1, signs, outside), 4);
      store<f32>(to, entry(load<usize>(t0 + t2), c2, signs, outside), 8);
      store<f32>(to, entry(load<usize>(t0 + t3), c3, signs, outside), 12);
      to += 16;
    }
  }
}

/** One value; a pixel outside (address 0) reads the unused start of memory and forgets it, without a branch. */
function entry(from: usize, offset: usize, signs: bool, outside: f32): f32 {
  let v = load<f32>(from + offset);
  if (signs) v = select<f32>(-1, 1, v < 0);
  return select<f32>(outside, v, from == 0);
}

/**
 * dfilter of the job's source (the layer's x; grid and steps as in the forward), and in `second` that of the
 * other kind. `signs` says that the first one reads signs with `outside` as padding; the second reads values.
 * Summed are `pixels` grid pixels from `firstPixel` on, for `n` output channels of each group from `firstColumn` on.
 * `table` holds strip addresses (times the taps when there are few channels), `packedDy` strip x
 * groupTarget rounded up to whole panels, job.packed strip x groupSource (few: taps x groupSource) likewise.
 */
export function filterGradient(
  job: ConvJob,
  dy: usize,
  dfilter: usize,
  second: usize,
  signs: bool,
  outside: f32,
  table: usize,
  packedDy: usize,
  firstPixel: i32,
  pixels: i32,
  firstColumn: i32,
  n: i32,
): void {
  const end = firstPixel + pixels;
  const channels = job.groupSource;
  const ldc = (<usize>job.targetChannels) << 2;
  const few = channels < FEW_CHANNELS;
  for (let first = firstPixel; first < end; first += job.strip) {
    const count = min(job.strip, end - first);
    const more = first > firstPixel;
    const strideA = (<usize>count) << 4;
    const strideB = (<usize>count) << 5;
    locate(job, first, count);
    for (let g = 0; g < job.groups; g++) {
      const channelBytes = (<usize>(g * channels)) << 2;
      const column = (<usize>(g * job.groupTarget + firstColumn)) << 2;
      packByRows(dy + <usize>first * ldc + column, ldc, count, n, NR, packedDy, strideB);
      if (few) {
        for (let t = 0; t < job.tapCount; t++) {
          const rows = table + ((<usize>(t * count)) << 2);
          tabulate(job, count, job.taps + <usize>t * 8, channelBytes, rows);
        }
        const m = job.tapCount * channels;
        packRows(table, count, job.tapCount, channels, signs, outside, job.packed);
        multiply(job, m, n, count, packedDy, dfilter + column, ldc, more);
        if (second != 0) {
          packRows(table, count, job.tapCount, channels, false, 0, job.packed);
          multiply(job, m, n, count, packedDy, second + column, ldc, more);
        }
        continue;
      }
      for (let t = 0; t < job.tapCount; t++) {
        const at = <usize>(t * channels) * ldc + column;
        tabulate(job, count, job.taps + <usize>t * 8, channelBytes, table);
        packChannels(table, count, channels, signs, outside, job.packed);
        multiply(job, channels, n, count, packedDy, dfilter + at, ldc, more);
        if (second != 0) {
          packChannels(table, count, channels, false, 0, job.packed);
          multiply(job, channels, n, count, packedDy, second + at, ldc, more);
        }
      }
    }
  }
}

function multiply(
  job: ConvJob,
  m: i32,
  n: i32,
  count: i32,
  packedDy: usize,
  to: usize,
  ldc: usize,
  more: bool,
): void {
  const strideA = (<usize>count) << 4;
  const strideB = (<usize>count) << 5;
  const tile = job.tile;
  multiplyPanels(m, n, count, job.packed, strideA, packedDy, strideB, to, ldc, more, tile, MR);
}

/** `count` floats of the gradient: the sum of `parts` arrays, `stride` bytes apart, in their order. */
export function addGradients(from: usize, parts: i32, stride: usize, to: usize, count: i32): void {
  for (let i = 0; i < count; i += 4) {
    const lanes = count - i;
    let at = from + ((<usize>i) << 2);
    let sum = loadLanes(at, lanes);
    for (let p = 1; p < parts; p++) {
      at += stride;
      sum = f32x4.add(sum, loadLanes(at, lanes));
    }
    storeLanes(to + ((<usize>i) << 2), sum, lanes);
  }
}
