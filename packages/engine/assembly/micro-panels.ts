/** Tiles whose rows are packed into panels: a matrix product's left operand, and the products of whole panels. */
import { FUSED, NR, copyTile, madd, put8 } from './tile';

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
