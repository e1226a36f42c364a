/**
 * Convolution of signs: with bit 1 for -1, a product of two signs is +1 where the bits agree, so
 *
 *     sum of K products = K - 2 popcount(pixel bits XOR filter bits).
 *
 * Both sides are flat in K = taps x channels, without a gap between taps (so 16 channels do not leave half of each
 * word empty). Eight filters lie side by side in the lanes, a pixel's word is splatted: each lane counts its own
 * filter and nothing is summed across lanes until the end.
 *
 * Padding -1 enters as bits 1 and padding +1 as bits 0. Padding 0 is computed as +1, which adds the sum of the
 * tap's weights for each padded tap; those sums are subtracted again.
 */
import { COORDINATE_BYTES, inside, locate, tapBytes } from './conv';
import { ConvJob } from './job';
import { FILTERS } from './sign-pack';

const PIXELS: i32 = 4;

/** So many words can be counted in bytes: 31 words x 8 bits = 248 < 256. */
const WORDS_PER_BYTE_SUM: i32 = 31;

/** Bytes -> the four sums of the four bytes of each 32-bit lane. */
function widen(bytes: v128): v128 {
  return i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bytes));
}

/** Popcounts of 4 pixels (words interleaved by 4) against 8 filters, added to the i32 tile (4 x 8) or in its place. */
function countBits(words: i32, a: usize, b: usize, tile: usize, more: bool): void {
  let c00 = i32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  const end = a + ((<usize>words) << 4);
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<u32>(a);
    c00 = i8x16.add(c00, i8x16.popcnt(v128.xor(a0, b0)));
    c01 = i8x16.add(c01, i8x16.popcnt(v128.xor(a0, b1)));
    const a1 = v128.load_splat<u32>(a, 4);
    c10 = i8x16.add(c10, i8x16.popcnt(v128.xor(a1, b0)));
    c11 = i8x16.add(c11, i8x16.popcnt(v128.xor(a1, b1)));
    const a2 = v128.load_splat<u32>(a, 8);
    c20 = i8x16.add(c20, i8x16.popcnt(v128.xor(a2, b0)));
    c21 = i8x16.add(c21, i8x16.popcnt(v128.xor(a2, b1)));
    const a3 = v128.load_splat<u32>(a, 12);
    c30 = i8x16.add(c30, i8x16.popcnt(v128.xor(a3, b0)));
    c31 = i8x16.add(c31, i8x16.popcnt(v128.xor(a3, b1)));
    a += 16;
    b += 32;
  }
  put(tile, c00, more);
  put(tile + 16, c01, more);
  put(tile + 32, c10, more);
  put(tile + 48, c11, more);
  put(tile + 64, c20, more);
  put(tile + 80, c21, more);
  put(tile + 96, c30, more);
  put(tile + 112, c31, more);
}

function put(at: usize, bytes: v128, more: bool): void {
  const sums = widen(bytes);
  v128.store(at, more ? i32x4.add(v128.load(at), sums) : sums);
}

/**
 * Bits of one pixel's patch, flat in K, into every fourth word from `to` on. Taps outside the picture give
 * `outsideBits` (0, or all ones); their numbers go to `missing`. Returns how many there are.
 */
function gather(
  job: ConvJob,
  coordinate: usize,
  group: i32,
  outsideBits: i32,
  to: usize,
  missing: usize,
): i32 {
  const channels = job.groupSource;
  const words = (channels + 31) >> 5;
  // The packed picture has `words` per group where the job counts channels: see sourceChannels.
  const groupBytes = (<usize>(group * words)) << 2;
  if ((channels & 31) == 0)
    return gatherWords(job, coordinate, groupBytes, outsideBits, to, missing);
  const tail = channels & 31;
  const base = load<usize>(coordinate) + groupBytes;
  const row = load<i32>(coordinate, 4);
  const column = load<i32>(coordinate, 8);
  const height = job.sourceHeight;
  const width = job.sourceWidth;
  let missed = 0;
  let buffer: u64 = 0;
  let filled: u32 = 0;
  for (let t = 0; t < job.tapCount; t++) {
    const tap = job.taps + <usize>t * 8;
    const y = load<i32>(tap);
    const x = load<i32>(tap, 4);
    const address = base + tapBytes(job, y, x);
    const from = inside(row + y, column + x, height, width, address, 0);
    if (from == 0) {
      store<i32>(missing + ((<usize>missed) << 2), t);
      missed++;
    }
    for (let w = 0; w < words; w++) {
      const last = w == words - 1 && tail != 0;
      const width: u32 = last ? tail : 32;
      let bits: u32;
      if (from != 0) bits = load<u32>(from + ((<usize>w) << 2));
      else bits = last ? (<u32>outsideBits) & ((1 << width) - 1) : <u32>outsideBits;
      buffer |= (<u64>bits) << filled;
      filled += width;
      if (filled >= 32) {
        store<u32>(to, <u32>buffer);
        to += 16;
        buffer >>= 32;
        filled -= 32;
      }
    }
  }
  if (filled > 0) store<u32>(to, <u32>buffer);
  return missed;
}

/**
 * The same of a pixel whose taps all lie inside the picture, `offsets` bytes from it, where a tap fills whole words or half a word: nothing
 * is tested, and nothing shifted but the second of two halves.
 */
function gatherInside(
  job: ConvJob,
  coordinate: usize,
  groupBytes: usize,
  offsets: usize,
  to: usize,
): void {
  const base = load<usize>(coordinate) + groupBytes;
  const end = offsets + ((<usize>job.tapCount) << 2);
  if (job.groupSource == 16) {
    for (; offsets + 8 <= end; offsets += 8) {
      const low = load<u16>(base + load<usize>(offsets));
      const high = load<u16>(base + load<usize>(offsets, 4));
      store<u32>(to, (<u32>low) | ((<u32>high) << 16));
      to += 16;
    }
    if (offsets < end) store<u32>(to, load<u16>(base + load<usize>(offsets)));
    return;
  }
  const tapEnd = ((<usize>job.groupSource) >> 5) << 2;
  for (; offsets < end; offsets += 4) {
    const from = base + load<usize>(offsets);
    for (let w: usize = 0; w < tapEnd; w += 4) {
      store<u32>(to, load<u32>(from + w));
      to += 16;
    }
  }
}

/** The same where each tap fills whole words, so that nothing needs shifting. */
function gatherWords(
  job: ConvJob,
  coordinate: usize,
  groupBytes: usize,
  outsideBits: i32,
  to: usize,
  missing: usize,
): i32 {
  const tapEnd = ((<usize>job.groupSource) >> 5) << 2;
  const base = load<usize>(coordinate) + groupBytes;
  const row = load<i32>(coordinate, 4);
  const column = load<i32>(coordinate, 8);
  const height = job.sourceHeight;
  const width = job.sourceWidth;
  const pixelBytes = (<usize>job.sourceChannels) << 2;
  const taps = job.taps;
  const tapCount = job.tapCount;
  let missed = 0;
  for (let t = 0; t < tapCount; t++) {
    const tapY = load<i32>(taps + ((<usize>t) << 3));
    const tapX = load<i32>(taps + ((<usize>t) << 3), 4);
    const y = row + tapY;
    const x = column + tapX;
    if ((<u32>y < <u32>height) & (<u32>x < <u32>width)) {
      const from = base + <usize>(tapY * width + tapX) * pixelBytes;
      for (let w: usize = 0; w < tapEnd; w += 4) {
        store<u32>(to, load<u32>(from + w));
        to += 16;
      }
    } else {
      store<i32>(missing + ((<usize>missed) << 2), t);
      missed++;
      for (let w: usize = 0; w < tapEnd; w += 4) {
        store<i32>(to, outsideBits);
        to += 16;
      }
    }
  }
  return missed;
}

/**
 * Runs some strips of the job: source = packed words of the picture (sourceChannels counts words of a pixel), groupSource =
 * channels of a group, target y. `panels` and `sums` hold the groups' packed filters one after the other;
 * `missing` has room for 4 x (1 + taps) i32, `offsets` for taps.
 */
export function signConvolve(
  job: ConvJob,
  panels: usize,
  sums: usize,
  y: usize,
  outsideBits: i32,
  subtractOutside: bool,
  missing: usize,
  offsets: usize,
  firstStrip: i32,
  strips: i32,
): void {
  const total = job.batch * job.rows * job.columns;
  const depth = job.tapCount * job.groupSource;
  const words = (depth + 31) >> 5;
  const n = job.groupTarget;
  const panelCount = (n + FILTERS - 1) / FILTERS;
  const panelBytes = <usize>words * (FILTERS * 4);
  const groupPanels = panelBytes * panelCount;
  const groupSums = <usize>(job.tapCount * panelCount) * (FILTERS * 4);
  const pixelBytes = (<usize>job.targetChannels) << 2;
  const missingStride = (<usize>(1 + job.tapCount)) << 2;
  const tile = job.tile;
  const channels = job.groupSource;
  const plain = channels == 16 || (channels & 31) == 0;
  const groupBytes = (<usize>((channels + 31) >> 5)) << 2;
  let top = 0;
  let bottom = job.sourceHeight;
  let left = 0;
  let right = job.sourceWidth;
  for (let t = 0; t < job.tapCount; t++) {
    const y = load<i32>(job.taps + ((<usize>t) << 3));
    const x = load<i32>(job.taps + ((<usize>t) << 3), 4);
    store<usize>(offsets + ((<usize>t) << 2), tapBytes(job, y, x));
    top = max(top, -y);
    bottom = min(bottom, job.sourceHeight - y);
    left = max(left, -x);
    right = min(right, job.sourceWidth - x);
  }
  const end = min(total, (firstStrip + strips) * job.strip);
  for (let first = firstStrip * job.strip; first < end; first += job.strip) {
    const count = min(job.strip, end - first);
    locate(job, first, count);
    for (let p = 0; p < count; p += PIXELS) {
      const rows = min(PIXELS, count - p);
      for (let g = 0; g < job.groups; g++) {
        for (let r = 0; r < rows; r++) {
          const at = job.coordinates + <usize>(p + r) * COORDINATE_BYTES;
          const list = missing + <usize>r * missingStride;
          const to = job.packed + ((<usize>r) << 2);
          const row = load<i32>(at, 4);
          const column = load<i32>(at, 8);
          if (plain && row >= top && row < bottom && column >= left && column < right) {
            gatherInside(job, at, <usize>g * groupBytes, offsets, to);
            store<i32>(list, 0);
          } else store<i32>(list, gather(job, at, g, outsideBits, to, list + 4));
        }
        const group = panels + <usize>g * groupPanels;
        for (let j = 0; j < panelCount; j++) {
          let a = job.packed;
          let b = group + <usize>j * panelBytes;
          for (let w = 0; w < words; w += WORDS_PER_BYTE_SUM) {
            const block = min(WORDS_PER_BYTE_SUM, words - w);
            countBits(block, a, b, tile, w > 0);
            a += (<usize>block) << 4;
            b += (<usize>block) << 5;
          }
          let to = y + <usize>(first + p) * pixelBytes + ((<usize>(g * n + j * FILTERS)) << 2);
          const tapSums = sums + <usize>g * groupSums + <usize>j * (FILTERS * 4);
          for (let r = 0; r < rows; r++) {
            finish(
              tile + <usize>r * (FILTERS * 4),
              depth,
              subtractOutside ? missing + <usize>r * missingStride : 0,
              tapSums,
              <usize>panelCount * (FILTERS * 4),
              to,
              min(FILTERS, n - j * FILTERS),
            );
            to += pixelBytes;
          }
        }
      }
    }
  }
}

/** K - 2 count, less the padded taps' weights, as floats. */
function finish(
  counts: usize,
  depth: i32,
  missing: usize,
  tapSums: usize,
  tapStride: usize,
  y: usize,
  columns: i32,
): void {
  const k = i32x4.splat(depth);
  let low = i32x4.sub(k, i32x4.shl(v128.load(counts), 1));
  let high = i32x4.sub(k, i32x4.shl(v128.load(counts, 16), 1));
  if (missing != 0) {
    const end = missing + 4 + ((<usize>load<i32>(missing)) << 2);
    for (let at = missing + 4; at < end; at += 4) {
      const sum = tapSums + <usize>load<i32>(at) * tapStride;
      low = i32x4.sub(low, v128.load(sum));
      high = i32x4.sub(high, v128.load(sum, 16));
    }
  }
  low = f32x4.convert_i32x4_s(low);
  high = f32x4.convert_i32x4_s(high);
  if (columns == FILTERS) {
    v128.store(y, low);
    v128.store(y, high, 16);
    return;
  }
  v128.store(counts, low);
  v128.store(counts, high, 16);
  for (let c = 0; c < columns; c++) {
    store<f32>(y + ((<usize>c) << 2), load<f32>(counts + ((<usize>c) << 2)));
  }
}
