/**
 * From float tensors to bits: bit 1 stands for -1 (v < 0), bit 0 for +1, the tail of a word is 0.
 */

/** 16 comparisons as 16 bits, lowest channel lowest. */
function bits16(from: usize): i32 {
  const zero = f32x4.splat(0);
  const a = f32x4.lt(v128.load(from), zero);
  const b = f32x4.lt(v128.load(from, 16), zero);
  const c = f32x4.lt(v128.load(from, 32), zero);
  const d = f32x4.lt(v128.load(from, 48), zero);
  const low = i16x8.narrow_i32x4_s(a, b);
  const high = i16x8.narrow_i32x4_s(c, d);
  return i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}

/**
 * Packs `rows` runs of `channels` floats, one after the other in memory, into words of 32 bits per
 * run (a run: the channels of one group of one pixel).
 */
export function packSigns(source: usize, rows: i32, channels: i32, words: usize): void {
  for (let r = 0; r < rows; r++) {
    let left = channels;
    for (; left >= 32; left -= 32) {
      store<i32>(words, bits16(source) | (bits16(source + 64) << 16));
      source += 128;
      words += 4;
    }
    if (left > 0) {
      let word = 0;
      for (let c = 0; c < left; c++) {
        word |= i32(load<f32>(source) < 0) << c;
        source += 4;
      }
      store<i32>(words, word);
      words += 4;
    }
  }
}

/** 1 when one of `count` floats is NaN, else 0. */
export function hasNaN(source: usize, count: i32): i32 {
  const end = source + ((<usize>count) << 2);
  const whole = source + ((<usize>(count & ~3)) << 2);
  let seen = i32x4.splat(0);
  for (; source < whole; source += 16) {
    const v = v128.load(source);
    seen = v128.or(seen, f32x4.ne(v, v));
  }
  let found = i32(v128.any_true(seen));
  for (; source < end; source += 4) {
    const v = load<f32>(source);
    found |= i32(v != v);
  }
  return found;
}

/** Filters side by side in one panel of bits. */
export const FILTERS: i32 = 8;

/**
 * Packs one group's filters (depth = taps x channels rows of HWIO, `stride` bytes apart, `n` filters from
 * `kernel` on) into panels of 8 filters: word w of the 8 filters side by side, bit b of word w = row 32 w + b.
 * The sums of each tap's weights, which zero padding needs, go to `sums` as i32 [tap][panel][8],
 * where each tap has `panelCount` panels: those of the other filters lie between.
 */
export function packFilters(
  kernel: usize,
  stride: usize,
  taps: i32,
  channels: i32,
  n: i32,
  panels: usize,
  sums: usize,
  panelCount: i32,
): void {
  const depth = taps * channels;
  const wordCount = (depth + 31) >> 5;
  for (let j = 0; j < n; j += 4) {
    const panel = j / FILTERS;
    const half = (<usize>(j % FILTERS)) << 2;
    let to = panels + <usize>(panel * wordCount) * (FILTERS * 4) + half;
    let word = i32x4.splat(0);
    let negatives = i32x4.splat(0);
    let tap = 0;
    let channel = 0;
    for (let row = 0; row < depth; row++) {
      const from = kernel + <usize>row * stride + ((<usize>j) << 2);
      const negative = f32x4.lt(loadUpTo4(from, n - j), f32x4.splat(0));
      word = v128.or(word, v128.and(negative, i32x4.splat(1 << (row & 31))));
      negatives = i32x4.sub(negatives, negative);
      if (++channel == channels) {
        const sum = i32x4.sub(i32x4.splat(channels), i32x4.shl(negatives, 1));
        v128.store(sums + <usize>(tap * panelCount + panel) * (FILTERS * 4) + half, sum);
        negatives = i32x4.splat(0);
        channel = 0;
        tap++;
      }
      if ((row & 31) == 31 || row == depth - 1) {
        v128.store(to, word);
        to += FILTERS * 4;
        word = i32x4.splat(0);
      }
    }
  }
}

/** Four floats, or the first `count` of them and zeros. */
function loadUpTo4(from: usize, count: i32): v128 {
  if (count >= 4) return v128.load(from);
  let v = f32x4.splat(load<f32>(from));
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(from, 4));
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(from, 8));
  return v;
}
