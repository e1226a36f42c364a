/**
 * The inner loop of every float product: a tile of 4 rows and 8 columns held in eight registers; with fused multiply-add (relaxed SIMD,
 * a module of its own) also one of 6 rows.
 *
 * Per step of k: two loads of B, four broadcast loads of A, eight multiplies and eight adds (WebAssembly
 * SIMD128 has no fused multiply-add before relaxed SIMD). What was tried with V8 of Node 20 on a Zen 3 core whose
 * bare multiply and add loop reaches 43 GFLOP/s, panels in L1, medians in GFLOP/s:
 *
 *     tile   plain   A splatted fourfold in memory   rows addressed by one index
 *     4x8    31.1    31.6                            26.4-28.6
 *     5x8    31.2    32.7                            25.4-27.8
 *     3x12   30.7    26.5                            -
 *     6x8, 4x12, 2x16, 2x20, 3x16: 17-24 (more than 15 registers live, so V8 spills accumulators)
 *
 * Unrolling k by 2, 4 or 8 costs 10-30 %: V8 schedules the pure operations of one basic block together, so
 * that the unrolled steps interleave and spill. Loading four values of A at once and shuffling them apart
 * (24.6) loses to broadcast loads, because shuffles share execution ports with the arithmetic.
 *
 * Fused, no register is needed for a product, so that 6x8 (12 sums, two of B, one of A) just fits. On a Zen 4 core whose bare fused
 * loop reaches 58.7 GFLOP/s and whose multiply and add loop 47.4, V8 of Node 24, panels in L1, GFLOP/s plain and fused:
 *
 *     4x8   5x8   6x8   3x12   4x12   2x16   3x16   8x4
 *     48    50    27    45     27     47     29     43
 *     53    55    58    54     35     52     25     50
 */
import { loadLanes, storeLanes } from './lanes';

/** Whether this is the module with relaxed SIMD. */
export const FUSED: bool = ASC_FEATURE_RELAXED_SIMD;

/** c + a b, rounded once or twice: on hosts whose "relaxed" instruction is not fused the other module runs (src/providers/wasm/fused.ts). */
function madd(a: v128, b: v128, c: v128): v128 {
  if (FUSED) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/**
 * C tile (+)= A panel (k x 4, row index fastest) B panel (k x 8). Steps of A are `step` bytes apart, 16 where its panel stands alone; rows
 * of C `ldc` bytes.
 */
export function micro4x8(
  k: i32,
  a: usize,
  step: usize,
  b: usize,
  c: usize,
  ldc: usize,
  accumulate: bool,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  const end = b + ((<usize>k) << 5);
  while (b < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<u32>(a);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.load_splat<u32>(a, 4);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.load_splat<u32>(a, 8);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.load_splat<u32>(a, 12);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    a += step;
    b += 32;
  }
  put8(c, c00, c01, accumulate);
  c += ldc;
  put8(c, c10, c11, accumulate);
  c += ldc;
  put8(c, c20, c21, accumulate);
  c += ldc;
  put8(c, c30, c31, accumulate);
}

/**
 * The same with 6 rows. It begins with what C holds instead of adding that at the end: V8 of Node 20 keeps the sums of the other form in
 * memory, which halves the speed.
 */
function micro6x8(k: i32, a: usize, b: usize, c: usize, ldc: usize, accumulate: bool): void {
  const r1 = c + ldc;
  const r2 = r1 + ldc;
  const r3 = r2 + ldc;
  const r4 = r3 + ldc;
  const r5 = r4 + ldc;
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let c40 = c00;
  let c41 = c00;
  let c50 = c00;
  let c51 = c00;
  if (accumulate) {
    c00 = v128.load(c);
    c01 = v128.load(c, 16);
    c10 = v128.load(r1);
    c11 = v128.load(r1, 16);
    c20 = v128.load(r2);
    c21 = v128.load(r2, 16);
    c30 = v128.load(r3);
    c31 = v128.load(r3, 16);
    c40 = v128.load(r4);
    c41 = v128.load(r4, 16);
    c50 = v128.load(r5);
    c51 = v128.load(r5, 16);
  }
  const end = b + ((<usize>k) << 5);
  while (b < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<u32>(a);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.load_splat<u32>(a, 4);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.load_splat<u32>(a, 8);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.load_splat<u32>(a, 12);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    const a4 = v128.load_splat<u32>(a, 16);
    c40 = madd(a4, b0, c40);
    c41 = madd(a4, b1, c41);
    const a5 = v128.load_splat<u32>(a, 20);
    c50 = madd(a5, b0, c50);
    c51 = madd(a5, b1, c51);
    a += 24;
    b += 32;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(r1, c10);
  v128.store(r1, c11, 16);
  v128.store(r2, c20);
  v128.store(r2, c21, 16);
  v128.store(r3, c30);
  v128.store(r3, c31, 16);
  v128.store(r4, c40);
  v128.store(r4, c41, 16);
  v128.store(r5, c50);
  v128.store(r5, c51, 16);
}

/**
 * The same for rows that are pixels of a picture, where they lie: `table` has the addresses of the tile's pixels for each tap, `bytes` are
 * those of a pixel's channels. Reading them so costs what reading a packed panel costs, and packing falls away: where 16 channels meet 16,
 * that is a quarter of the time.
 */
function indirect4x8(taps: i32, bytes: usize, table: usize, b: usize, c: usize, ldc: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  const tableEnd = table + <usize>taps * 16;
  for (; table < tableEnd; table += 16) {
    let a0 = load<usize>(table);
    let a1 = load<usize>(table, 4);
    let a2 = load<usize>(table, 8);
    let a3 = load<usize>(table, 12);
    const end = a0 + bytes;
    while (a0 < end) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const x0 = v128.load_splat<u32>(a0);
      c00 = madd(x0, b0, c00);
      c01 = madd(x0, b1, c01);
      const x1 = v128.load_splat<u32>(a1);
      c10 = madd(x1, b0, c10);
      c11 = madd(x1, b1, c11);
      const x2 = v128.load_splat<u32>(a2);
      c20 = madd(x2, b0, c20);
      c21 = madd(x2, b1, c21);
      const x3 = v128.load_splat<u32>(a3);
      c30 = madd(x3, b0, c30);
      c31 = madd(x3, b1, c31);
      a0 += 4;
      a1 += 4;
      a2 += 4;
      a3 += 4;
      b += 32;
    }
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += ldc;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += ldc;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += ldc;
  v128.store(c, c30);
  v128.store(c, c31, 16);
}

/** The same with 6 rows. */
function indirect6x8(taps: i32, bytes: usize, table: usize, b: usize, c: usize, ldc: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let c40 = c00;
  let c41 = c00;
  let c50 = c00;
  let c51 = c00;
  const tableEnd = table + <usize>taps * 24;
  for (; table < tableEnd; table += 24) {
    let a0 = load<usize>(table);
    let a1 = load<usize>(table, 4);
    let a2 = load<usize>(table, 8);
    let a3 = load<usize>(table, 12);
    let a4 = load<usize>(table, 16);
    let a5 = load<usize>(table, 20);
    const end = a0 + bytes;
    while (a0 < end) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const x0 = v128.load_splat<u32>(a0);
      c00 = madd(x0, b0, c00);
      c01 = madd(x0, b1, c01);
      const x1 = v128.load_splat<u32>(a1);
      c10 = madd(x1, b0, c10);
      c11 = madd(x1, b1, c11);
      const x2 = v128.load_splat<u32>(a2);
      c20 = madd(x2, b0, c20);
      c21 = madd(x2, b1, c21);
      const x3 = v128.load_splat<u32>(a3);
      c30 = madd(x3, b0, c30);
      c31 = madd(x3, b1, c31);
      const x4 = v128.load_splat<u32>(a4);
      c40 = madd(x4, b0, c40);
      c41 = madd(x4, b1, c41);
      const x5 = v128.load_splat<u32>(a5);
      c50 = madd(x5, b0, c50);
      c51 = madd(x5, b1, c51);
      a0 += 4;
      a1 += 4;
      a2 += 4;
      a3 += 4;
      a4 += 4;
      a5 += 4;
      b += 32;
    }
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += ldc;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += ldc;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += ldc;
  v128.store(c, c30);
  v128.store(c, c31, 16);
  c += ldc;
  v128.store(c, c40);
  v128.store(c, c41, 16);
  c += ldc;
  v128.store(c, c50);
  v128.store(c, c51, 16);
}

/**
 * C tile (+)= sum over pixels of 4 channels of one picture times 8 of another: row r of step k is the r-th float behind `offset` at the
 * k-th address of the table, of which there are `count`.
 */
export function gather4x8(
  count: i32,
  table: usize,
  offset: usize,
  b: usize,
  c: usize,
  ldc: usize,
  accumulate: bool,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  const end = b + ((<usize>count) << 5);
  while (b < end) {
    const a = load<usize>(table) + offset;
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load_splat<u32>(a);
    c00 = madd(x0, b0, c00);
    c01 = madd(x0, b1, c01);
    const x1 = v128.load_splat<u32>(a, 4);
    c10 = madd(x1, b0, c10);
    c11 = madd(x1, b1, c11);
    const x2 = v128.load_splat<u32>(a, 8);
    c20 = madd(x2, b0, c20);
    c21 = madd(x2, b1, c21);
    const x3 = v128.load_splat<u32>(a, 12);
    c30 = madd(x3, b0, c30);
    c31 = madd(x3, b1, c31);
    table += 4;
    b += 32;
  }
  put8(c, c00, c01, accumulate);
  c += ldc;
  put8(c, c10, c11, accumulate);
  c += ldc;
  put8(c, c20, c21, accumulate);
  c += ldc;
  put8(c, c30, c31, accumulate);
}

/** Eight sums to C, in the place of what is there or added to it. */
function put8(c: usize, low: v128, high: v128, accumulate: bool): void {
  if (accumulate) {
    low = f32x4.add(v128.load(c), low);
    high = f32x4.add(v128.load(c, 16), high);
  }
  v128.store(c, low);
  v128.store(c, high, 16);
}

/** Rows of the tile where they are packed or pixels; where they are channels of a pixel, 4. */
export const ROWS: i32 = FUSED ? 6 : 4;
/** Columns, and the bytes of a tile that stands alone in scratch memory. */
export const NR: i32 = 8;
export const TILE_BYTES: i32 = 6 * NR * 4;

/** A tile of ROWS pixels where they lie. */
export function indirect(
  taps: i32,
  bytes: usize,
  table: usize,
  b: usize,
  c: usize,
  ldc: usize,
): void {
  if (FUSED) indirect6x8(taps, bytes, table, b, c, ldc);
  else indirect4x8(taps, bytes, table, b, c, ldc);
}

/** A tile of `rows` (4 or ROWS) rows. */
function micro(
  rows: i32,
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  ldc: usize,
  accumulate: bool,
): void {
  if (FUSED && rows == 6) micro6x8(k, a, b, c, ldc, accumulate);
  else micro4x8(k, a, 16, b, c, ldc, accumulate);
}

/**
 * C (m x n, rows `ldc` bytes apart) (+)= A panels times B panels, both k deep and zero-padded to whole
 * panels; panels of A are `aStride`, of B `bStride` bytes apart, and those of A have `height` rows. Tiles that stick out of C are
 * computed into `tile` and their inner part copied.
 */
export function multiplyPanels(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  c: usize,
  ldc: usize,
  accumulate: bool,
  tile: usize,
  height: i32,
): void {
  for (let j = 0; j < n; j += NR) {
    let panel = a;
    const columns = min(NR, n - j);
    for (let i = 0; i < m; i += height) {
      const at = c + <usize>i * ldc + ((<usize>j) << 2);
      const rows = min(height, m - i);
      if (rows == height && columns == NR) {
        micro(height, k, panel, b, at, ldc, accumulate);
      } else {
        micro(height, k, panel, b, tile, NR * 4, false);
        copyTile(tile, at, ldc, rows, columns, accumulate);
      }
      panel += aStride;
    }
    b += bStride;
  }
}

/** The upper left `rows` x `columns` of a tile to C, added to what is there or in its place. */
export function copyTile(
  tile: usize,
  c: usize,
  ldc: usize,
  rows: i32,
  columns: i32,
  accumulate: bool,
): void {
  for (let i = 0; i < rows; i++) {
    let low = v128.load(tile);
    let high = v128.load(tile, 16);
    if (accumulate) low = f32x4.add(low, loadLanes(c, columns));
    storeLanes(c, low, columns);
    if (columns > 4) {
      if (accumulate) high = f32x4.add(high, loadLanes(c + 16, columns - 4));
      storeLanes(c + 16, high, columns - 4);
    }
    tile += NR * 4;
    c += ldc;
  }
}
