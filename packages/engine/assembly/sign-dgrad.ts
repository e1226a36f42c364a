/**
 * Input gradient of the binary branch, dgrad(dy, sign(kernel)), by table (sign-table.ts): lanes are 16 pixels, terms are taps x output
 * channels, a row of signs is an input channel. The auxiliary branch multiplies the same packed strip of dy with its weights.
 */
import { COORDINATE_BYTES, inside, locate, tapBytes } from './conv';
import { ConvJob } from './job';
import { storeLanes } from './lanes';
import { micro4x8 } from './micro-panels';
import { pack4 } from './pack';
import { ENTRY_BYTES, GROUPS, LANES, TABLE_BYTES, TERMS, lookUpTwo, tabulate } from './sign-table';
import { NR, copyTile } from './tile';

const NOWHERE: i32 = -0x40000000;

/**
 * Numbers of the kernel's rows of signs under one tap: for each four output channels a byte for each of `channels` input channels, `stride`
 * bytes apart. `kernel` is the tap's matrix [channels, n]; 4 divides n.
 */
export function numberSigns(
  kernel: usize,
  channels: i32,
  n: i32,
  numbers: usize,
  stride: usize,
): void {
  const zero = f32x4.splat(0);
  for (let c = 0; c < channels; c++) {
    let to = numbers + c;
    for (let j = 0; j < n; j += TERMS) {
      store<u8>(to, i32x4.bitmask(f32x4.lt(v128.load(kernel), zero)));
      kernel += 16;
      to += stride;
    }
  }
}

/** Packs 16 located pixels from the p-th on: taps x channels rows of 16 floats. Those beyond the strip are zero. */
function packSixteen(job: ConvJob, p: i32, count: i32, to: usize): void {
  const channels = job.groupSource;
  const height = job.sourceHeight;
  const width = job.sourceWidth;
  const tapsEnd = job.taps + <usize>job.tapCount * 8;
  const outside = job.outside;
  for (let q = p; q < p + LANES; q += 4) {
    const at = job.coordinates + <usize>q * COORDINATE_BYTES;
    const a0 = load<usize>(at);
    const y0 = q < count ? load<i32>(at, 4) : NOWHERE;
    const x0 = load<i32>(at, 8);
    const a1 = load<usize>(at, 16);
    const y1 = q + 1 < count ? load<i32>(at, 20) : NOWHERE;
    const x1 = load<i32>(at, 24);
    const a2 = load<usize>(at, 32);
    const y2 = q + 2 < count ? load<i32>(at, 36) : NOWHERE;
    const x2 = load<i32>(at, 40);
    const a3 = load<usize>(at, 48);
    const y3 = q + 3 < count ? load<i32>(at, 52) : NOWHERE;
    const x3 = load<i32>(at, 56);
    let row = to + ((<usize>(q - p)) << 2);
    for (let tap = job.taps; tap < tapsEnd; tap += 8) {
      const y = load<i32>(tap);
      const x = load<i32>(tap, 4);
      const bytes = tapBytes(job, y, x);
      const r0 = inside(y0 + y, x0 + x, height, width, a0 + bytes, outside);
      const r1 = inside(y1 + y, x1 + x, height, width, a1 + bytes, outside);
      const r2 = inside(y2 + y, x2 + x, height, width, a2 + bytes, outside);
      const r3 = inside(y3 + y, x3 + x, height, width, a3 + bytes, outside);
      pack4(r0, r1, r2, r3, channels, row, ENTRY_BYTES);
      row += <usize>channels * ENTRY_BYTES;
    }
  }
}

/** Tables of `groups` groups of four packed rows. */
function tabulateRows(packed: usize, groups: i32, table: usize): void {
  const end = packed + <usize>(groups * TERMS) * ENTRY_BYTES;
  for (; packed < end; packed += TERMS * ENTRY_BYTES) {
    for (let lane: usize = 0; lane < <usize>ENTRY_BYTES; lane += 16) {
      const at = packed + lane;
      tabulate(
        v128.load(at),
        v128.load(at, ENTRY_BYTES),
        v128.load(at, 2 * ENTRY_BYTES),
        v128.load(at, 3 * ENTRY_BYTES),
        table + lane,
      );
    }
    table += TABLE_BYTES;
  }
}

/** `sums` holds 16 pixels for each channel: written to `count` target pixels. */
function scatter(job: ConvJob, p: i32, count: i32, sums: usize, target: usize): void {
  const channels = job.targetChannels;
  const pixelBytes = (<usize>channels) << 2;
  for (let q = 0; q < count; q += 4) {
    const used = min(4, count - q);
    for (let c = 0; c < channels; c += 4) {
      const from = sums + <usize>c * ENTRY_BYTES + ((<usize>q) << 2);
      const u = v128.load(from);
      const v = v128.load(from, ENTRY_BYTES);
      const w = v128.load(from, 2 * ENTRY_BYTES);
      const x = v128.load(from, 3 * ENTRY_BYTES);
      const uv0 = v128.shuffle<f32>(u, v, 0, 4, 1, 5);
      const uv1 = v128.shuffle<f32>(u, v, 2, 6, 3, 7);
      const wx0 = v128.shuffle<f32>(w, x, 0, 4, 1, 5);
      const wx1 = v128.shuffle<f32>(w, x, 2, 6, 3, 7);
      const lanes = channels - c;
      const at = target + ((<usize>c) << 2);
      const pixel = job.coordinates + <usize>(p + q) * COORDINATE_BYTES;
      put(at, pixel, pixelBytes, v128.shuffle<f64>(uv0, wx0, 0, 2), lanes);
      if (used > 1) put(at, pixel + 16, pixelBytes, v128.shuffle<f64>(uv0, wx0, 1, 3), lanes);
      if (used > 2) put(at, pixel + 32, pixelBytes, v128.shuffle<f64>(uv1, wx1, 0, 2), lanes);
      if (used > 3) put(at, pixel + 48, pixelBytes, v128.shuffle<f64>(uv1, wx1, 1, 3), lanes);
    }
  }
}

/** Up to four channels of a located pixel's target. */
function put(target: usize, pixel: usize, pixelBytes: usize, v: v128, lanes: i32): void {
  storeLanes(target + <usize>load<i32>(pixel, 12) * pixelBytes, v, lanes);
}

/** The auxiliary branch of 16 pixels: dense, tile by tile. */
function multiplySixteen(
  job: ConvJob,
  p: i32,
  count: i32,
  depth: i32,
  panels: usize,
  target: usize,
): void {
  const channels = job.targetChannels;
  const pixelBytes = (<usize>channels) << 2;
  const tile = job.tile;
  const panelBytes = <usize>depth * (NR * 4);
  for (let j = 0; j < channels; j += NR) {
    for (let q = 0; q < count; q += 4) {
      micro4x8(depth, job.packed + ((<usize>q) << 2), ENTRY_BYTES, panels, tile, NR * 4, false);
      const rows = min(4, count - q);
      for (let r = 0; r < rows; r++) {
        const pixel = load<i32>(job.coordinates + <usize>(p + q + r) * COORDINATE_BYTES, 12);
        const at = target + <usize>pixel * pixelBytes + ((<usize>j) << 2);
        copyTile(tile + <usize>r * (NR * 4), at, 0, 1, min(NR, channels - j), false);
      }
    }
    panels += panelBytes;
  }
}

/**
 * Runs some strips of an input gradient's job (one group). `numbers` are those of the grid's taps, one after the other; `stride` is
 * targetChannels rounded up to an even number. With `panels` (not 0) the auxiliary branch goes to its own target. job.packed holds depth
 * rows of 16 floats, `table` GROUPS tables, `sums` 16 floats for each channel, rounded up to 4.
 */
export function signInputGradient(
  job: ConvJob,
  numbers: usize,
  stride: usize,
  target: usize,
  panels: usize,
  second: usize,
  table: usize,
  sums: usize,
  firstStrip: i32,
  strips: i32,
): void {
  const total = job.batch * job.rows * job.columns;
  const depth = job.tapCount * job.groupSource;
  const groups = depth / TERMS;
  const channels = job.targetChannels;
  const end = min(total, (firstStrip + strips) * job.strip);
  for (let first = firstStrip * job.strip; first < end; first += job.strip) {
    const count = min(job.strip, end - first);
    locate(job, first, count);
    for (let p = 0; p < count; p += LANES) {
      const pixels = min(LANES, count - p);
      packSixteen(job, p, count, job.packed);
      for (let g = 0; g < groups; g += GROUPS) {
        const part = min(GROUPS, groups - g);
        tabulateRows(job.packed + <usize>(g * TERMS) * ENTRY_BYTES, part, table);
        const row = numbers + <usize>g * stride;
        for (let c = 0; c < channels; c += 2) {
          const to = sums + <usize>c * ENTRY_BYTES;
          lookUpTwo(table, row + c, stride, part, to, to + ENTRY_BYTES, g > 0);
        }
      }
      if (groups == 0) memory.fill(sums, 0, <usize>channels * ENTRY_BYTES);
      scatter(job, p, pixels, sums, target);
      if (panels != 0) multiplySixteen(job, p, pixels, depth, panels, second);
    }
  }
}
