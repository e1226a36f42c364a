/**
 * Convolution and its input gradient as a matrix product whose left operand, the patches of the picture (im2col), never exists: tiles read
 * pixels where they lie, through addresses for each tap. See job.ts for the common form.
 */
import { ConvJob } from './job';
import { indirect } from './micro-pixels';
import { NR, ROWS, copyTile } from './tile';

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

/** Addresses of `count` located pixels under the taps: for ROWS pixels and each tap, ROWS addresses. */
function tabulate(job: ConvJob, count: i32, group: i32): void {
  const channelBytes = (<usize>(group * job.groupSource)) << 2;
  const height = job.sourceHeight;
  const width = job.sourceWidth;
  const outside = job.outside;
  const taps = job.taps;
  const tapCount = job.tapCount;
  const tileBytes = <usize>tapCount * (ROWS * 4);
  let column = job.packed;
  let at = job.coordinates;
  let row = 0;
  // Rows of the last tile beyond the strip read what lies outside.
  const whole = ((count + ROWS - 1) / ROWS) * ROWS;
  for (let p = 0; p < whole; p++) {
    const base = load<usize>(at) + channelBytes;
    const y = p < count ? load<i32>(at, 4) : NOWHERE;
    const x = load<i32>(at, 8);
    let to = column;
    for (let t = 0; t < tapCount; t++) {
      const tapY = load<i32>(taps + ((<usize>t) << 3));
      const tapX = load<i32>(taps + ((<usize>t) << 3), 4);
      const address = base + tapBytes(job, tapY, tapX);
      store<usize>(to, inside(y + tapY, x + tapX, height, width, address, outside));
      to += ROWS * 4;
    }
    at += COORDINATE_BYTES;
    column += 4;
    if (++row == ROWS) {
      row = 0;
      column += tileBytes - ROWS * 4;
    }
  }
}

const NOWHERE: i32 = -0x40000000;

/** Multiplies the located pixels with one set of weight panels and writes the target pixels. */
function multiplyStrip(
  job: ConvJob,
  first: i32,
  count: i32,
  group: i32,
  panels: usize,
  target: usize,
  contiguous: bool,
): void {
  const n = job.groupTarget;
  const taps = job.tapCount;
  const bytes = (<usize>job.groupSource) << 2;
  const pixelBytes = (<usize>job.targetChannels) << 2;
  const panelBytes = <usize>(taps * job.groupSource) * (NR * 4);
  const tileBytes = <usize>taps * (ROWS * 4);
  const column = target + ((<usize>(group * n)) << 2);
  const tile = job.tile;
  for (let j = 0; j < n; j += NR) {
    let table = job.packed;
    const columns = min(NR, n - j);
    for (let p = 0; p < count; p += ROWS) {
      const rows = min(ROWS, count - p);
      if (contiguous && rows == ROWS && columns == NR) {
        const at = column + <usize>(first + p) * pixelBytes + ((<usize>j) << 2);
        indirect(taps, bytes, table, panels, at, pixelBytes);
      } else {
        indirect(taps, bytes, table, panels, tile, NR * 4);
        for (let r = 0; r < rows; r++) {
          const pixel = load<i32>(job.coordinates + <usize>(p + r) * COORDINATE_BYTES, 12);
          const at = column + <usize>pixel * pixelBytes + ((<usize>j) << 2);
          copyTile(tile + <usize>r * (NR * 4), at, 0, 1, columns, false);
        }
      }
      table += tileBytes;
    }
    panels += panelBytes;
  }
}

/**
 * Runs some strips of a job with one or two sets of weight panels (`second` = 0: one); the second one writes to its own
 * target from the same addresses. Each target's values depend on its own weights only, so that a
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
      tabulate(job, count, g);
      const offset = <usize>g * groupPanels;
      multiplyStrip(job, first, count, g, panels + offset, target, contiguous);
      if (second != 0) {
        multiplyStrip(job, first, count, g, second + offset, secondTarget, contiguous);
      }
    }
  }
}
