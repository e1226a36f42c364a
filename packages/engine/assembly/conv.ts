/**
 * Convolution and its input gradient as a matrix product whose left operand, the patches of the picture
 * (im2col), only ever exists as one packed strip of pixels in the cache. See job.ts for the common form.
 */
import { ConvJob } from './job';
import { MR, NR, copyTile, micro4x8, multiplyPanels } from './micro';
import { pack4 } from './pack';

/** Bytes for the coordinates of one strip: source pointer base (picture), row, column, target address. */
export const COORDINATE_BYTES: usize = 16;

/** Writes picture, first row, first column and target pixel of `count` grid pixels from `first` on. */
export function locate(job: ConvJob, first: i32, count: i32): void {
  const perPicture = job.rows * job.columns;
  const pixelBytes = (<usize>job.sourceChannels) << 2;
  const picture = <usize>(job.sourceHeight * job.sourceWidth) * pixelBytes;
  let n = first / perPicture;
  let rest = first - n * perPicture;
  let i = rest / job.columns;
  let j = rest - i * job.columns;
  let at = job.coordinates;
  for (let p = 0; p < count; p++) {
    store<usize>(at, job.source + <usize>n * picture);
    store<i32>(at, i * job.stepY, 4);
    store<i32>(at, j * job.stepX, 8);
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

/** Address of the source pixel under a tap, or `outside`. */
export function under(
  job: ConvJob,
  coordinate: usize,
  tapY: i32,
  tapX: i32,
  channelBytes: usize,
  outside: usize,
): usize {
  const y = load<i32>(coordinate, 4) + tapY;
  const x = load<i32>(coordinate, 8) + tapX;
  if (<u32>y >= <u32>job.sourceHeight || <u32>x >= <u32>job.sourceWidth) return outside;
  const pixel = <usize>(y * job.sourceWidth + x);
  return load<usize>(coordinate) + pixel * ((<usize>job.sourceChannels) << 2) + channelBytes;
}

/** Packs `count` located pixels: panels of 4 pixels, each taps x channels deep. */
function packStrip(job: ConvJob, count: i32, group: i32): void {
  const channels = job.groupSource;
  const channelBytes = (<usize>(group * channels)) << 2;
  const taps = job.taps;
  const tapCount = job.tapCount;
  const outside = job.outside;
  let to = job.packed;
  for (let p = 0; p < count; p += MR) {
    const q0 = job.coordinates + <usize>p * COORDINATE_BYTES;
    const rest = count - p;
    for (let t = 0; t < tapCount; t++) {
      const tap = taps + <usize>t * 8;
      const y = load<i32>(tap);
      const x = load<i32>(tap, 4);
      const r0 = under(job, q0, y, x, channelBytes, outside);
      const r1 =
        rest > 1 ? under(job, q0 + COORDINATE_BYTES, y, x, channelBytes, outside) : outside;
      const r2 =
        rest > 2 ? under(job, q0 + 2 * COORDINATE_BYTES, y, x, channelBytes, outside) : outside;
      const r3 =
        rest > 3 ? under(job, q0 + 3 * COORDINATE_BYTES, y, x, channelBytes, outside) : outside;
      pack4(r0, r1, r2, r3, channels, to, 16);
      to += (<usize>channels) << 4;
    }
  }
}

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
  const strideA = (<usize>depth) << 4;
  const strideB = (<usize>depth) << 5;
  const column = target + ((<usize>(group * n)) << 2);
  const a = job.packed;
  const tile = job.tile;
  if (contiguous) {
    const at = column + <usize>first * pixelBytes;
    multiplyPanels(count, n, depth, a, strideA, panels, strideB, at, pixelBytes, false, tile);
    return;
  }
  for (let j = 0; j < n; j += NR) {
    let strip = a;
    for (let p = 0; p < count; p += MR) {
      micro4x8(depth, strip, panels, tile, NR * 4, false);
      const rows = min(MR, count - p);
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
 * Runs a job with one or two sets of weight panels (`second` = 0: one); the second one writes to its own
 * target from the same packed strip. Each target's values depend on its own weights only, so that a
 * target has the same bits whether or not the other is computed beside it.
 */
export function convolve(
  job: ConvJob,
  panels: usize,
  target: usize,
  second: usize,
  secondTarget: usize,
): void {
  const total = job.batch * job.rows * job.columns;
  const depth = job.tapCount * job.groupSource;
  const groupPanels = (<usize>((job.groupTarget + NR - 1) / NR) * depth) << 5;
  const contiguous =
    job.strideY == 1 &&
    job.strideX == 1 &&
    job.rows == job.targetHeight &&
    job.columns == job.targetWidth;
  for (let first = 0; first < total; first += job.strip) {
    const count = min(job.strip, total - first);
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
