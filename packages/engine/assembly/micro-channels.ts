/** The tile whose rows are four channels of a pixel, read where they lie: filter gradients. */
import { madd, put8 } from './tile';

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
