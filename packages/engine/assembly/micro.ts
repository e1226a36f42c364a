/**
 * The inner loop of every float product: a tile of 4 rows and 8 columns held in eight registers.
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
 * (24.6) loses to broadcast loads, because shuffles share execution ports with the arithmetic. The whole 512^3 product
 * with packing reaches 29-32, beside XNNPACK's (tfjs-backend-wasm) 22-23 and jax-js's 16-17 in the same run.
 */
import { loadLanes, storeLanes } from './lanes';

/** C tile (+)= A panel (k x 4, row index fastest) B panel (k x 8). Rows of C are `ldc` bytes apart. */
export function micro4x8(k: i32, a: usize, b: usize, c: usize, ldc: usize, accumulate: bool): void {
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
    c00 = f32x4.add(c00, f32x4.mul(a0, b0));
    c01 = f32x4.add(c01, f32x4.mul(a0, b1));
    const a1 = v128.load_splat<u32>(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(a1, b0));
    c11 = f32x4.add(c11, f32x4.mul(a1, b1));
    const a2 = v128.load_splat<u32>(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(a2, b0));
    c21 = f32x4.add(c21, f32x4.mul(a2, b1));
    const a3 = v128.load_splat<u32>(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(a3, b0));
    c31 = f32x4.add(c31, f32x4.mul(a3, b1));
    a += 16;
    b += 32;
  }
  const r1 = c + ldc;
  const r2 = r1 + ldc;
  const r3 = r2 + ldc;
  if (accumulate) {
    c00 = f32x4.add(v128.load(c), c00);
    c01 = f32x4.add(v128.load(c, 16), c01);
    c10 = f32x4.add(v128.load(r1), c10);
    c11 = f32x4.add(v128.load(r1, 16), c11);
    c20 = f32x4.add(v128.load(r2), c20);
    c21 = f32x4.add(v128.load(r2, 16), c21);
    c30 = f32x4.add(v128.load(r3), c30);
    c31 = f32x4.add(v128.load(r3, 16), c31);
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(r1, c10);
  v128.store(r1, c11, 16);
  v128.store(r2, c20);
  v128.store(r2, c21, 16);
  v128.store(r3, c30);
  v128.store(r3, c31, 16);
}

/** Rows and columns of the tile, and the bytes of a tile that stands alone in scratch memory. */
export const MR: i32 = 4;
export const NR: i32 = 8;
export const TILE_BYTES: i32 = MR * NR * 4;

/**
 * C (m x n, rows `ldc` bytes apart) (+)= A panels times B panels, both k deep and zero-padded to whole
 * panels; panels of A are `aStride`, of B `bStride` bytes apart. Tiles that stick out of C are computed into
 * `tile` and their inner part copied.
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
): void {
  for (let j = 0; j < n; j += NR) {
    let panel = a;
    const columns = min(NR, n - j);
    for (let i = 0; i < m; i += MR) {
      const at = c + <usize>i * ldc + ((<usize>j) << 2);
      const rows = min(MR, m - i);
      if (rows == MR && columns == NR) {
        micro4x8(k, panel, b, at, ldc, accumulate);
      } else {
        micro4x8(k, panel, b, tile, NR * 4, false);
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
