/**
 * The float convolution of canonical evaluation: f64 sums in the order of rows, columns, channels, then the bias, one
 * rounding (@surge-bnn/contract, CANONICAL_CONV_2D). Lanes are output channels and the rows of a tile are pixels, so each
 * output has an accumulator of its own that walks its products in that order; nothing is split or reassociated. The patches
 * exist as one packed strip of pixels only. A product of two float32 is exact in f64.
 */
import { COORDINATE_BYTES, inside, locate, tapBytes } from './conv';
import { ConvJob } from './job';
import { loadLanes, storeLanes } from './lanes';

/** Pixels and channels of a tile: eight registers of sums, as in tile.ts. */
const PIXELS: i32 = 4;
const CHANNELS: i32 = 4;
/** Bytes of one step of k in a packed strip or panel. */
const STEP: usize = 32;
/** A row that is outside of every picture under every tap. */
const NOWHERE: i32 = -0x40000000;

/** Source k x width float32, rows `stride` bytes apart: panels of 4 columns in f64, one behind the other. */
export function packCanonical(source: usize, stride: usize, k: i32, width: i32, to: usize): void {
  for (let j = 0; j < width; j += CHANNELS) {
    const columns = min(CHANNELS, width - j);
    let from = source + ((<usize>j) << 2);
    for (let p = 0; p < k; p++) {
      const row = loadLanes(from, columns);
      v128.store(to, f64x2.promote_low_f32x4(row));
      v128.store(to, f64x2.promote_low_f32x4(v128.shuffle<f32>(row, row, 2, 3, 2, 3)), 16);
      from += stride;
      to += STEP;
    }
  }
}

/** Interleaves the values of four rows in f64. */
function packRows(r0: usize, r1: usize, r2: usize, r3: usize, channels: i32, to: usize): usize {
  let c = 0;
  for (; c + 2 <= channels; c += 2) {
    const a = f64x2.promote_low_f32x4(v128.load64_zero(r0));
    const b = f64x2.promote_low_f32x4(v128.load64_zero(r1));
    const d = f64x2.promote_low_f32x4(v128.load64_zero(r2));
    const e = f64x2.promote_low_f32x4(v128.load64_zero(r3));
    v128.store(to, v128.shuffle<f64>(a, b, 0, 2));
    v128.store(to, v128.shuffle<f64>(d, e, 0, 2), 16);
    v128.store(to, v128.shuffle<f64>(a, b, 1, 3), 32);
    v128.store(to, v128.shuffle<f64>(d, e, 1, 3), 48);
    r0 += 8;
    r1 += 8;
    r2 += 8;
    r3 += 8;
    to += 2 * STEP;
  }
  if (c < channels) {
    store<f64>(to, load<f32>(r0));
    store<f64>(to, load<f32>(r1), 8);
    store<f64>(to, load<f32>(r2), 16);
    store<f64>(to, load<f32>(r3), 24);
    to += STEP;
  }
  return to;
}

/** Packs `count` located pixels of a group: panels of 4 pixels, each taps x channels deep. */
function packStrip(job: ConvJob, count: i32, group: i32): void {
  const channels = job.groupSource;
  const channelBytes = (<usize>(group * channels)) << 2;
  const height = job.sourceHeight;
  const width = job.sourceWidth;
  const tapsEnd = job.taps + <usize>job.tapCount * 8;
  const outside = job.outside;
  let to = job.packed;
  for (let p = 0; p < count; p += PIXELS) {
    const at = job.coordinates + <usize>p * COORDINATE_BYTES;
    const a0 = load<usize>(at) + channelBytes;
    const y0 = load<i32>(at, 4);
    const x0 = load<i32>(at, 8);
    const a1 = load<usize>(at, 16) + channelBytes;
    const y1 = count - p > 1 ? load<i32>(at, 20) : NOWHERE;
    const x1 = load<i32>(at, 24);
    const a2 = load<usize>(at, 32) + channelBytes;
    const y2 = count - p > 2 ? load<i32>(at, 36) : NOWHERE;
    const x2 = load<i32>(at, 40);
    const a3 = load<usize>(at, 48) + channelBytes;
    const y3 = count - p > 3 ? load<i32>(at, 52) : NOWHERE;
    const x3 = load<i32>(at, 56);
    for (let tap = job.taps; tap < tapsEnd; tap += 8) {
      const y = load<i32>(tap);
      const x = load<i32>(tap, 4);
      const bytes = tapBytes(job, y, x);
      to = packRows(
        inside(y0 + y, x0 + x, height, width, a0 + bytes, outside),
        inside(y1 + y, x1 + x, height, width, a1 + bytes, outside),
        inside(y2 + y, x2 + x, height, width, a2 + bytes, outside),
        inside(y3 + y, x3 + x, height, width, a3 + bytes, outside),
        channels,
        to,
      );
    }
  }
}

/** Two pairs of f64 rounded to four float32. */
function rounded(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

/** y tile (rows pixels x columns channels, pixels `pixelBytes` apart) = A panel times B panel + bias, k steps deep. */
function tile(
  k: i32,
  a: usize,
  b: usize,
  bias: usize,
  y: usize,
  pixelBytes: usize,
  rows: i32,
  columns: i32,
): void {
  let c00 = f64x2.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  const end = b + <usize>k * STEP;
  while (b < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<u64>(a);
    c00 = f64x2.add(c00, f64x2.mul(a0, b0));
    c01 = f64x2.add(c01, f64x2.mul(a0, b1));
    const a1 = v128.load_splat<u64>(a, 8);
    c10 = f64x2.add(c10, f64x2.mul(a1, b0));
    c11 = f64x2.add(c11, f64x2.mul(a1, b1));
    const a2 = v128.load_splat<u64>(a, 16);
    c20 = f64x2.add(c20, f64x2.mul(a2, b0));
    c21 = f64x2.add(c21, f64x2.mul(a2, b1));
    const a3 = v128.load_splat<u64>(a, 24);
    c30 = f64x2.add(c30, f64x2.mul(a3, b0));
    c31 = f64x2.add(c31, f64x2.mul(a3, b1));
    a += STEP;
    b += STEP;
  }
  const b0 = v128.load(bias);
  const b1 = v128.load(bias, 16);
  storeLanes(y, rounded(f64x2.add(c00, b0), f64x2.add(c01, b1)), columns);
  if (rows > 1) {
    y += pixelBytes;
    storeLanes(y, rounded(f64x2.add(c10, b0), f64x2.add(c11, b1)), columns);
  }
  if (rows > 2) {
    y += pixelBytes;
    storeLanes(y, rounded(f64x2.add(c20, b0), f64x2.add(c21, b1)), columns);
  }
  if (rows > 3) {
    y += pixelBytes;
    storeLanes(y, rounded(f64x2.add(c30, b0), f64x2.add(c31, b1)), columns);
  }
}

/**
 * Runs some strips of a forward job. `panels` and `bias` (f64) have each group's channels padded to whole panels; a bias of 0 changes no
 * sum, because none is -0: they start from +0.
 */
export function convolveCanonical(
  job: ConvJob,
  panels: usize,
  bias: usize,
  target: usize,
  firstStrip: i32,
  strips: i32,
): void {
  const total = job.batch * job.rows * job.columns;
  const depth = job.tapCount * job.groupSource;
  const panelBytes = <usize>depth * STEP;
  const n = job.groupTarget;
  const pixelBytes = (<usize>job.targetChannels) << 2;
  const end = min(total, (firstStrip + strips) * job.strip);
  for (let first = firstStrip * job.strip; first < end; first += job.strip) {
    const count = min(job.strip, end - first);
    locate(job, first, count);
    let b = panels;
    let biases = bias;
    for (let group = 0; group < job.groups; group++) {
      packStrip(job, count, group);
      const y = target + <usize>first * pixelBytes + ((<usize>(group * n)) << 2);
      for (let j = 0; j < n; j += CHANNELS) {
        let a = job.packed;
        let to = y + ((<usize>j) << 2);
        const columns = min(CHANNELS, n - j);
        for (let p = 0; p < count; p += PIXELS) {
          tile(depth, a, b, biases, to, pixelBytes, min(PIXELS, count - p), columns);
          a += panelBytes;
          to += pixelBytes * PIXELS;
        }
        b += panelBytes;
        biases += STEP;
      }
    }
  }
}
