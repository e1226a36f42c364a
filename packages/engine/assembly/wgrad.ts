/**
 * Filter gradient: dfilter (taps x channels) x outChannels = patches^T dy, a product whose inner dimension is
 * the pixels of the whole batch. Strips of pixels are summed one after the other into dfilter.
 *
 * The left operand's rows are channels, four of one pixel lie side by side, and tiles read them where they lie. Of many channels they are
 * copied together: pixels a power of two apart would push each other out of the first-level cache.
 */
import { COORDINATE_BYTES, inside, locate, tapBytes } from './conv';
import { ConvJob } from './job';
import { loadLanes, storeLanes } from './lanes';
import { gather4x8 } from './micro-channels';
import { multiplyPanels } from './micro-panels';
import { packByRows } from './pack';
import { NR, copyTile } from './tile';

/** Rows of a tile. */
const MR: i32 = 4;

/** Below so many channels the rows of a tile run across taps, so that tiles are not mostly empty. */
const FEW_CHANNELS: i32 = 4;

/** From so many channels on they are copied. */
const MANY_CHANNELS: i32 = 32;

/** -1.0 where v < 0, else 1.0: the comparison, not the sign bit, so that -0 counts as +1. */
export function signOf(v: v128): v128 {
  const negative = f32x4.lt(v, f32x4.splat(0));
  return v128.or(v128.and(negative, i32x4.splat(0x80000000)), f32x4.splat(1));
}

/** Addresses of the source pixel under one tap for each located pixel. */
function tabulate(job: ConvJob, count: i32, tap: usize, channelBytes: usize, table: usize): void {
  const y = load<i32>(tap);
  const x = load<i32>(tap, 4);
  const offset = tapBytes(job, y, x) + channelBytes;
  const height = job.sourceHeight;
  const width = job.sourceWidth;
  const outside = job.outside;
  const end = job.coordinates + <usize>count * COORDINATE_BYTES;
  for (let at = job.coordinates; at < end; at += COORDINATE_BYTES) {
    const row = load<i32>(at, 4) + y;
    const column = load<i32>(at, 8) + x;
    store<usize>(table, inside(row, column, height, width, load<usize>(at) + offset, outside));
    table += 4;
  }
}

/**
 * Panels of 4 rows of the flat (tap, channel) index, from one table per tap. Rows beyond the last one repeat it;
 * their results are never read.
 */
function packRows(table: usize, count: i32, tapCount: i32, channels: i32, to: usize): void {
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
      store<f32>(to, load<f32>(load<usize>(t0) + c0));
      store<f32>(to, load<f32>(load<usize>(t0 + t1) + c1), 4);
      store<f32>(to, load<f32>(load<usize>(t0 + t2) + c2), 8);
      store<f32>(to, load<f32>(load<usize>(t0 + t3) + c3), 12);
      to += 16;
    }
  }
}

/** Panels of 4 channels under one tap. */
function packChannels(table: usize, count: i32, channels: i32, to: usize): void {
  const end = table + ((<usize>count) << 2);
  for (let c = 0; c < channels; c += MR) {
    const offset = (<usize>c) << 2;
    // Behind the last channel it reads what no row keeps.
    for (let at = table; at < end; at += 4) {
      v128.store(to, v128.load(load<usize>(at) + offset));
      to += 16;
    }
  }
}

/** One tap's rows of the gradient, for `n` columns of packed dy. */
function multiplyChannels(
  table: usize,
  count: i32,
  channels: i32,
  n: i32,
  packedDy: usize,
  to: usize,
  ldc: usize,
  more: bool,
  tile: usize,
): void {
  const panelBytes = (<usize>count) << 5;
  for (let j = 0; j < n; j += NR) {
    const columns = min(NR, n - j);
    for (let c = 0; c < channels; c += MR) {
      const at = to + <usize>c * ldc + ((<usize>j) << 2);
      const offset = (<usize>c) << 2;
      const rows = min(MR, channels - c);
      if (rows == MR && columns == NR) {
        gather4x8(count, table, offset, packedDy, at, ldc, more);
      } else {
        // Behind the last channel it reads what no row keeps.
        gather4x8(count, table, offset, packedDy, tile, NR * 4, false);
        copyTile(tile, at, ldc, rows, columns, more);
      }
    }
    packedDy += panelBytes;
  }
}

/**
 * dfilter of the job's source (the layer's x; grid and steps as in the forward), what lies outside the picture being job.outside. Summed
 * are `pixels` grid pixels from `firstPixel` on, for `n` output channels of each group from `firstColumn` on.
 * `table` holds strip addresses (times the taps when there are few channels), `packedDy` strip x
 * groupTarget rounded up to whole panels, job.packed strip x groupSource
 * likewise (with few channels strip x taps x groupSource).
 */
export function filterGradient(
  job: ConvJob,
  dy: usize,
  dfilter: usize,
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
  const tile = job.tile;
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
      if (channels < FEW_CHANNELS) {
        for (let t = 0; t < job.tapCount; t++) {
          const rows = table + ((<usize>(t * count)) << 2);
          tabulate(job, count, job.taps + <usize>t * 8, channelBytes, rows);
        }
        packRows(table, count, job.tapCount, channels, job.packed);
        const m = job.tapCount * channels;
        const to = dfilter + column;
        const a = job.packed;
        multiplyPanels(m, n, count, a, strideA, packedDy, strideB, to, ldc, more, tile, MR);
        continue;
      }
      for (let t = 0; t < job.tapCount; t++) {
        const to = dfilter + <usize>(t * channels) * ldc + column;
        tabulate(job, count, job.taps + <usize>t * 8, channelBytes, table);
        if (channels < MANY_CHANNELS) {
          multiplyChannels(table, count, channels, n, packedDy, to, ldc, more, tile);
        } else {
          packChannels(table, count, channels, job.packed);
          const a = job.packed;
          multiplyPanels(
            channels,
            n,
            count,
            a,
            strideA,
            packedDy,
            strideB,
            to,
            ldc,
            more,
            tile,
            MR,
          );
        }
      }
    }
  }
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
