/**
 * Convolution and its input gradient as a matrix product whose left operand, the patches of the picture
 * (im2col), only ever exists as one packed strip of pixels in the cache. See job.ts for the common form.
 */
import { ConvJob } from './job';
import { NR, ROWS, copyTile, micro, multiplyPanels } from './micro';
import { pack2, pack4 } from './pack';

/** One located pixel: address under tap offset (0, 0), row and column there, target pixel. */
export const COORDINATE_BYTES: usize = 16;

/** Locates `count` grid pixels from `first` on; their addresses may lie outside the picture. */
export function locate(job: ConvJob, first: i32, count: i32): void {
  const perPicture = job.rows * job.columns;
  const pixelBytes = (<usize>job.sourceChannels) << 2;
  let n = first / perPicture;
  const rest = first - n * perPicture;
  let i = rest / job.columns;
  let j = rest - i * job.columns;
  let at = job.coordinates;
  for (let p = 0; p < count; p++) {
    const y = i * job.stepY;
    const x = j * job.stepX;
    const pixel = <usize>((n * job.sourceHeight + y) * job.sourceWidth + x);
    store<usize>(at, job.source + pixel * pixelBytes);
    store<i32>(at, y, 4);
    store<i32>(at, x, 8);
    const row = n * job.targetHeight + job.originY + i * job.strideY;
    store<i32>(at, row * job.targetWidth + job.originX + j * job.strideX, 12);
    at += COORDINATE_BYTES;
    if (++j == job.columns) {
      j = 0;
      if (++i == job.rows) {
        i = 0;
        n++;
      }
    }
  }
}

/** Bytes from a located pixel's address to the pixel under a tap (modulo 2^32). */
export function tapBytes(job: ConvJob, tapY: i32, tapX: i32): usize {
  return <usize>(tapY * job.sourceWidth + tapX) * ((<usize>job.sourceChannels) << 2);
}

/** `address` if (y, x) lies inside the picture, else `outside`; without a branch. */
export function inside(
  y: i32,
  x: i32,
  height: i32,
  width: i32,
  address: usize,
  outside: usize,
): usize {
  return select<usize>(address, outside, (<u32>y < <u32>height) & (<u32>x < <u32>width));
}

/** Packs `count` located pixels: panels of ROWS pixels, each taps x channels deep. */
function packStrip(job: ConvJob, count: i32, group: i32): void {
  const panelBytes = <usize>(job.tapCount * job.groupSource) * (ROWS * 4);
  let to = job.packed;
  for (let p = 0; p < count; p += ROWS) {
    packFour(job, p, count - p, group, to);
    if (ROWS == 6) packTwo(job, p + 4, count - p - 4, group, to + 16);
    to += panelBytes;
  }
}

/** Row of a located pixel, or for those beyond the strip's end one that is outside under every tap. */
function rowOf(at: usize, exists: bool): i32 {
  return exists ? load<i32>(at, 4) : NOWHERE;
}

/** Four pixels from the p-th on, of which `left` exist, into every ROWS-th four floats from `to` on. */
function packFour(job: ConvJob, p: i32, left: i32, group: i32, to: usize): void {
  const channels = job.groupSource;
  const channelBytes = (<usize>(group * channels)) << 2;
  const height = job.sourceHeight;
  const width = job.sourceWidth;
  const tapsEnd = job.taps + <usize>job.tapCount * 8;
  const outside = job.outside;
  const at = job.coordinates + <usize>p * COORDINATE_BYTES;
  const a0 = load<usize>(at) + channelBytes;
  const y0 = rowOf(at, left > 0);
  const x0 = load<i32>(at, 8);
  const a1 = load<usize>(at, 16) + channelBytes;
  const y1 = rowOf(at + 16, left > 1);
  const x1 = load<i32>(at, 24);
  const a2 = load<usize>(at, 32) + channelBytes;
  const y2 = rowOf(at + 32, left > 2);
  const x2 = load<i32>(at, 40);
  const a3 = load<usize>(at, 48) + channelBytes;
  const y3 = rowOf(at + 48, left > 3);
  const x3 = load<i32>(at, 56);
  for (let tap = job.taps; tap < tapsEnd; tap += 8) {
    const y = load<i32>(tap);
    const x = load<i32>(tap, 4);
    const bytes = tapBytes(job, y, x);
    const r0 = inside(y0 + y, x0 + x, height, width, a0 + bytes, outside);
    const r1 = inside(y1 + y, x1 + x, height, width, a1 + bytes, outside);
    const r2 = inside(y2 + y, x2 + x, height, width, a2 + bytes, outside);
    const r3 = inside(y3 + y, x3 + x, height, width, a3 + bytes, outside);
    if (channels == 1) {
      store<f32>(to, load<f32>(r0));
      store<f32>(to, load<f32>(r1), 4);
      store<f32>(to, load<f32>(r2), 8);
      store<f32>(to, load<f32>(r3), 12);
    } else pack4(r0, r1, r2, r3, channels, to, ROWS * 4);
    to += <usize>channels * (ROWS * 4);
  }
}

/** The same of two pixels. */
function packTwo(job: ConvJob, p: i32, left: i32, group: i32, to: usize): void {
  const channels = job.groupSource;
  const channelBytes = (<usize>(group * channels)) << 2;
  const height = job.sourceHeight;
  const width = job.sourceWidth;
  const tapsEnd = job.taps + <usize>job.tapCount * 8;
  const outside = job.outside;
  const at = job.coordinates + <usize>p * COORDINATE_BYTES;
  const a0 = load<usize>(at) + channelBytes;
  const y0 = rowOf(at, left > 0);
  const x0 = load<i32>(at, 8);
  const a1 = load<usize>(at, 16) + channelBytes;
  const y1 = rowOf(at + 16, left > 1);
  const x1 = load<i32>(at, 24);
  for (let tap = job.taps; tap < tapsEnd; tap += 8) {
    const y = load<i32>(tap);
    const x = load<i32>(tap, 4);
    const bytes = tapBytes(job, y, x);
    const r0 = inside(y0 + y, x0 + x, height, width, a0 + bytes, outside);
    const r1 = inside(y1 + y, x1 + x, height, width, a1 + bytes, outside);
    pack2(r0, r1, channels, to, ROWS * 4);
    to += <usize>channels * (ROWS * 4);
  }
}

const NOWHERE: i32 = -0x40000000;

/** Multiplies the packed strip with one set of weight panels and writes the target pixels. */
function multiplyStrip(
  job: ConvJob,
  first: i32,
  count: i32,
  group: i32,
  panels: usize,
  target: usize,
  contiguous: bool,
): void {
  const depth = job.tapCount * job.groupSource;
  const n = job.groupTarget;
  const pixelBytes = (<usize>job.targetChannels) << 2;
  const strideA = <usize>depth * (ROWS * 4);
  const strideB = (<usize>depth) << 5;
  const column = target + ((<usize>(group * n)) << 2);
  const a = job.packed;
  const tile = job.tile;
  if (contiguous) {
    const at = column + <usize>first * pixelBytes;
    multiplyPanels(count, n, depth, a, strideA, panels, strideB, at, pixelBytes, false, tile, ROWS);
    return;
  }
  for (let j = 0; j < n; j += NR) {
    let strip = a;
    for (let p = 0; p < count; p += ROWS) {
      micro(ROWS, depth, strip, panels, tile, NR * 4, false);
      const rows = min(ROWS, count - p);
      for (let r = 0; r < rows; r++) {
        const pixel = load<i32>(job.coordinates + <usize>(p + r) * COORDINATE_BYTES, 12);
        const at = column + <usize>pixel * pixelBytes + ((<usize>j) << 2);
        copyTile(tile + <usize>r * (NR * 4), at, 0, 1, min(NR, n - j), false);
      }
      strip += strideA;
    }
    panels += strideB;
  }
}

/**
 * Runs some strips of a job with one or two sets of weight panels (`second` = 0: one); the second one writes to its own
 * target from the same packed strip. Each target's values depend on its own weights only, so that a
 * target has the same bits whether or not the other is computed beside it.
 */
export function convolve(
  job: ConvJob,
  panels: usize,
  target: usize,
  second: usize,
  secondTarget: usize,
  firstStrip: i32,
  strips: i32,
): void {
  const total = job.batch * job.rows * job.columns;
  const depth = job.tapCount * job.groupSource;
  const groupPanels = (<usize>((job.groupTarget + NR - 1) / NR) * depth) << 5;
  const contiguous =
    job.strideY == 1 &&
    job.strideX == 1 &&
    job.rows == job.targetHeight &&
    job.columns == job.targetWidth;
  const end = min(total, (firstStrip + strips) * job.strip);
  for (let first = firstStrip * job.strip; first < end; first += job.strip) {
    const count = min(job.strip, end - first);
    locate(job, first, count);
    for (let g = 0; g < job.groups; g++) {
      packStrip(job, count, g);
      const offset = <usize>g * groupPanels;
      multiplyStrip(job, first, count, g, panels + offset, target, contiguous);
      if (second != 0) {
        multiplyStrip(job, first, count, g, second + offset, secondTarget, contiguous);
      }
    }
  }
}
