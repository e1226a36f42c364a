/**
 * The tile of every float product, 4 rows and 8 columns of sums held in eight registers; with fused multiply-add (relaxed SIMD,
 * a module of its own) one of 6 rows. Where its rows come from: micro-panels.ts, micro-pixels.ts, micro-channels.ts. Each spells its registers out,
 * because V8 keeps in memory what is not a local variable.
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
export function madd(a: v128, b: v128, c: v128): v128 {
  if (FUSED) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** Rows of the tile where they are packed or pixels; where they are channels of a pixel, 4. */
export const ROWS: i32 = FUSED ? 6 : 4;
/** Columns, and the bytes of a tile that stands alone in scratch memory. */
export const NR: i32 = 8;
export const TILE_BYTES: i32 = 6 * NR * 4;

/** Eight sums to C, in the place of what is there or added to it. */
export function put8(c: usize, low: v128, high: v128, accumulate: bool): void {
  if (accumulate) {
    low = f32x4.add(v128.load(c), low);
    high = f32x4.add(v128.load(c, 16), high);
  }
  v128.store(c, low);
  v128.store(c, high, 16);
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
