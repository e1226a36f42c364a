/**
 * Products of signs with floats, by looking sums up. A sum of K terms +-v is made of sums of four, and four values have only 16 of those: a
 * table of the 16, made once, serves every row of signs that meets these values, and four multiply-adds become one load and one addition.
 * Each entry is a vector of 16 lanes, so a row of signs is one number for each four of its terms.
 *
 *     16 lanes x 4 terms x 1 row of signs:   dense, 4x8 tiles          52 instructions
 *                                            looked up                 13, and its share of 40 x 4 for the table
 *
 * Both gradients of the binary layer are such products: of sign(kernel) with dy (sign-dgrad.ts) and of sign(x) with dy (sign-wgrad.ts).
 * The sums are the same ones in another order: within a group of four, then over the groups.
 */

/** Terms of a group, lanes of an entry, bytes of an entry and of a group's table. */
export const TERMS: i32 = 4;
export const LANES: i32 = 16;
export const ENTRY_BYTES: i32 = LANES * 4;
export const TABLE_BYTES: i32 = 16 * ENTRY_BYTES;
/** Groups whose tables are in use at once: 24 KiB, which leaves room in the first-level cache. */
export const GROUPS: i32 = 24;

/** The 16 sums of four vectors of 4 lanes, an entry apart: bit i of an entry's number says that the i-th is subtracted. */
export function tabulate(a: v128, b: v128, c: v128, d: v128, to: usize): void {
  const plus = f32x4.add(a, b);
  const minus = f32x4.sub(b, a);
  let other = f32x4.add(c, d);
  let e = f32x4.add(other, plus);
  v128.store(to, e);
  v128.store(to, f32x4.neg(e), 15 * ENTRY_BYTES);
  e = f32x4.add(other, minus);
  v128.store(to, e, 1 * ENTRY_BYTES);
  v128.store(to, f32x4.neg(e), 14 * ENTRY_BYTES);
  e = f32x4.sub(other, minus);
  v128.store(to, e, 2 * ENTRY_BYTES);
  v128.store(to, f32x4.neg(e), 13 * ENTRY_BYTES);
  e = f32x4.sub(other, plus);
  v128.store(to, e, 3 * ENTRY_BYTES);
  v128.store(to, f32x4.neg(e), 12 * ENTRY_BYTES);
  other = f32x4.sub(d, c);
  e = f32x4.add(other, plus);
  v128.store(to, e, 4 * ENTRY_BYTES);
  v128.store(to, f32x4.neg(e), 11 * ENTRY_BYTES);
  e = f32x4.add(other, minus);
  v128.store(to, e, 5 * ENTRY_BYTES);
  v128.store(to, f32x4.neg(e), 10 * ENTRY_BYTES);
  e = f32x4.sub(other, minus);
  v128.store(to, e, 6 * ENTRY_BYTES);
  v128.store(to, f32x4.neg(e), 9 * ENTRY_BYTES);
  e = f32x4.sub(other, plus);
  v128.store(to, e, 7 * ENTRY_BYTES);
  v128.store(to, f32x4.neg(e), 8 * ENTRY_BYTES);
}

/**
 * 16 lanes of sums for two neighbouring rows of signs: (+)= the sum over the groups of the entry that the row has there. `numbers` are bytes,
 * a group's `stride` bytes after the last one's.
 */
export function lookUpTwo(
  table: usize,
  numbers: usize,
  stride: usize,
  groups: i32,
  to0: usize,
  to1: usize,
  more: bool,
): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  if (more) {
    a0 = v128.load(to0);
    a1 = v128.load(to0, 16);
    a2 = v128.load(to0, 32);
    a3 = v128.load(to0, 48);
    b0 = v128.load(to1);
    b1 = v128.load(to1, 16);
    b2 = v128.load(to1, 32);
    b3 = v128.load(to1, 48);
  }
  const end = table + <usize>groups * TABLE_BYTES;
  while (table < end) {
    const a = table + ((<usize>load<u8>(numbers)) << 6);
    a0 = f32x4.add(a0, v128.load(a));
    a1 = f32x4.add(a1, v128.load(a, 16));
    a2 = f32x4.add(a2, v128.load(a, 32));
    a3 = f32x4.add(a3, v128.load(a, 48));
    const b = table + ((<usize>load<u8>(numbers, 1)) << 6);
    b0 = f32x4.add(b0, v128.load(b));
    b1 = f32x4.add(b1, v128.load(b, 16));
    b2 = f32x4.add(b2, v128.load(b, 32));
    b3 = f32x4.add(b3, v128.load(b, 48));
    numbers += stride;
    table += TABLE_BYTES;
  }
  v128.store(to0, a0);
  v128.store(to0, a1, 16);
  v128.store(to0, a2, 32);
  v128.store(to0, a3, 48);
  v128.store(to1, b0);
  v128.store(to1, b1, 16);
  v128.store(to1, b2, 32);
  v128.store(to1, b3, 48);
}
