/**
 * The bare loop of a binary layer in WebAssembly SIMD: 128 products of signs are one xor and one i8x16.popcnt, added to a vector of 16 byte
 * counters; or, where the popcount is many instructions, bits go through carry-save adders first and one in eight is counted. All data stay in the first-level cache, and there is nothing else: no im2col, no thresholds, no tails. What binary
 * layers reach is a share of what this reaches.
 *
 * A counter byte takes at most 8 from each vector, so after 31 it would overflow; `length` vectors, at most 31, are counted before bytes are
 * widened and summed. AssemblyScript: TypeScript's syntax, another language.
 */

/** The sum of 16 byte counters. */
function total(counts: v128): i32 {
  const words = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(counts));
  return (
    i32x4.extract_lane(words, 0) +
    i32x4.extract_lane(words, 1) +
    i32x4.extract_lane(words, 2) +
    i32x4.extract_lane(words, 3)
  );
}

function differ(a: v128, b: v128): v128 {
  return i8x16.popcnt(v128.xor(a, b));
}

/** One row of inputs with eight rows of weights: eight counters, nine loads for eight products of vectors. */
export function oneByEight(x: usize, w: usize, length: i32, repeats: i32): i64 {
  const row: usize = (<usize>length) << 4;
  let sum: i64 = 0;
  for (let r = 0; r < repeats; r++) {
    let c0 = i8x16.splat(0);
    let c1 = c0;
    let c2 = c0;
    let c3 = c0;
    let c4 = c0;
    let c5 = c0;
    let c6 = c0;
    let c7 = c0;
    let at: usize = w;
    for (let from = x, end = x + row; from < end; from += 16) {
      const v = v128.load(from);
      c0 = i8x16.add(c0, differ(v, v128.load(at)));
      c1 = i8x16.add(c1, differ(v, v128.load(at, 16)));
      c2 = i8x16.add(c2, differ(v, v128.load(at, 32)));
      c3 = i8x16.add(c3, differ(v, v128.load(at, 48)));
      c4 = i8x16.add(c4, differ(v, v128.load(at, 64)));
      c5 = i8x16.add(c5, differ(v, v128.load(at, 80)));
      c6 = i8x16.add(c6, differ(v, v128.load(at, 96)));
      c7 = i8x16.add(c7, differ(v, v128.load(at, 112)));
      at += 128;
    }
    sum += total(c0) + total(c1) + total(c2) + total(c3);
    sum += total(c4) + total(c5) + total(c6) + total(c7);
  }
  return sum;
}

/** Two rows of inputs with four rows of weights: eight counters, six loads. */
export function twoByFour(x: usize, w: usize, length: i32, repeats: i32): i64 {
  const row: usize = (<usize>length) << 5;
  let sum: i64 = 0;
  for (let r = 0; r < repeats; r++) {
    let c0 = i8x16.splat(0);
    let c1 = c0;
    let c2 = c0;
    let c3 = c0;
    let c4 = c0;
    let c5 = c0;
    let c6 = c0;
    let c7 = c0;
    let at: usize = w;
    for (let from = x, end = x + row; from < end; from += 32) {
      const v = v128.load(from);
      const u = v128.load(from, 16);
      let k = v128.load(at);
      c0 = i8x16.add(c0, differ(v, k));
      c1 = i8x16.add(c1, differ(u, k));
      k = v128.load(at, 16);
      c2 = i8x16.add(c2, differ(v, k));
      c3 = i8x16.add(c3, differ(u, k));
      k = v128.load(at, 32);
      c4 = i8x16.add(c4, differ(v, k));
      c5 = i8x16.add(c5, differ(u, k));
      k = v128.load(at, 48);
      c6 = i8x16.add(c6, differ(v, k));
      c7 = i8x16.add(c7, differ(u, k));
      at += 64;
    }
    sum += total(c0) + total(c1) + total(c2) + total(c3);
    sum += total(c4) + total(c5) + total(c6) + total(c7);
  }
  return sum;
}

/** Two by two: four counters, four loads. */
export function twoByTwo(x: usize, w: usize, length: i32, repeats: i32): i64 {
  const row: usize = (<usize>length) << 5;
  let sum: i64 = 0;
  for (let r = 0; r < repeats; r++) {
    let c0 = i8x16.splat(0);
    let c1 = c0;
    let c2 = c0;
    let c3 = c0;
    let at: usize = w;
    for (let from = x, end = x + row; from < end; from += 32) {
      const v = v128.load(from);
      const u = v128.load(from, 16);
      const k = v128.load(at);
      const l = v128.load(at, 16);
      c0 = i8x16.add(c0, differ(v, k));
      c1 = i8x16.add(c1, differ(u, k));
      c2 = i8x16.add(c2, differ(v, l));
      c3 = i8x16.add(c3, differ(u, l));
      at += 32;
    }
    sum += total(c0) + total(c1) + total(c2) + total(c3);
  }
  return sum;
}

/** Bit by bit: what of a + b + c is carried. @param differ a xor b */
function majority(a: v128, c: v128, differ: v128): v128 {
  return v128.bitselect(c, a, differ);
}

/** One row with one: xors go through carry-save adders (Harley and Seal); of each eight vectors one is counted, for eight. */
export function carrySave(x: usize, w: usize, length: i32, repeats: i32): i64 {
  const row: usize = (<usize>length) << 4;
  let sum: i64 = 0;
  for (let r = 0; r < repeats; r++) {
    let ones = i8x16.splat(0);
    let twos = ones;
    let fours = ones;
    let eights = ones;
    let at: usize = w;
    for (let from = x, end = x + row; from < end; from += 128) {
      let b = v128.xor(v128.load(from), v128.load(at));
      let c = v128.xor(v128.load(from, 16), v128.load(at, 16));
      let u = v128.xor(ones, b);
      let t = majority(ones, c, u);
      ones = v128.xor(u, c);
      b = v128.xor(v128.load(from, 32), v128.load(at, 32));
      c = v128.xor(v128.load(from, 48), v128.load(at, 48));
      u = v128.xor(ones, b);
      let v = majority(ones, c, u);
      ones = v128.xor(u, c);
      u = v128.xor(twos, t);
      const f = majority(twos, v, u);
      twos = v128.xor(u, v);

      b = v128.xor(v128.load(from, 64), v128.load(at, 64));
      c = v128.xor(v128.load(from, 80), v128.load(at, 80));
      u = v128.xor(ones, b);
      t = majority(ones, c, u);
      ones = v128.xor(u, c);
      b = v128.xor(v128.load(from, 96), v128.load(at, 96));
      c = v128.xor(v128.load(from, 112), v128.load(at, 112));
      u = v128.xor(ones, b);
      v = majority(ones, c, u);
      ones = v128.xor(u, c);
      u = v128.xor(twos, t);
      const g = majority(twos, v, u);
      twos = v128.xor(u, v);

      u = v128.xor(fours, f);
      eights = i8x16.add(eights, i8x16.popcnt(majority(fours, g, u)));
      fours = v128.xor(u, g);
      at += 128;
    }
    sum += 8 * total(eights) + 4 * total(i8x16.popcnt(fours));
    sum += 2 * total(i8x16.popcnt(twos)) + total(i8x16.popcnt(ones));
  }
  return sum;
}
