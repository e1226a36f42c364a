/**
 * Float convolution with weights of signs: a product is the number itself, its sign bit flipped where the weight is -1, so kernels stay
 * bits in memory. A byte holds what eight filters have for one number; bit j is filter j. The order of the sums is that of
 * float-conv.ts, and so are the results, bit for bit: x and (-1)^bit x are the products with 1.0 and -1.0.
 */
import { KERNEL, biasAt, gather, gatheredAt, isExact, numbersSeen } from './gather-floats';
import { FILTERS, GROUPS, IN, OUT, OUT_WIDTH, address, operand, word } from './record';
import { rounded, storeEight } from './store-few';

/** Filters in a block of the kernel: [blocks of a group, K], a byte for each number. */
const LANES: i32 = 8;

/** Parameters: the window's sizes, then those of gather-floats.ts. */
export function signWeightConv(record: usize, y: i32, rows: i32, thread: i32): void {
  const x = operand(record, IN, 0, thread);
  const out = operand(record, OUT, y, thread);
  const gathered = gatheredAt(record, thread);
  const groups = word(record, GROUPS);
  const filters = word(record, FILTERS);
  const count = numbersSeen(record);
  const blocks = (filters + LANES - 1) / LANES;
  const pixels = rows * word(record, OUT_WIDTH);
  const stride = (<usize>(groups * filters)) << 2;
  const exact = isExact(record);
  const rowBytes = (<usize>count) << (exact ? 3 : 2);
  for (let group = 0; group < groups; group++) {
    gather(record, x, y, rows, group, gathered);
    for (let block = 0; block < blocks; block++) {
      const first = group * filters + block * LANES;
      const used = min(LANES, filters - block * LANES);
      const kernel = address(record, KERNEL) + <usize>((group * blocks + block) * count);
      const bias = biasAt(record, first);
      let seen = gathered;
      let to = out + ((<usize>first) << 2);
      for (let p = 0; p < pixels; p++) {
        if (exact) exactOne(seen, kernel, count, bias, used, to);
        else fastOne(seen, kernel, count, bias, used, to);
        seen += rowBytes;
        to += stride;
      }
    }
  }
}

/** One pixel, eight filters, in f64. */
function exactOne(
  seen: usize,
  kernel: usize,
  count: i32,
  bias: usize,
  used: i32,
  out: usize,
): void {
  const bits0 = i64x2(1, 2);
  const bits1 = i64x2(4, 8);
  const bits2 = i64x2(16, 32);
  const bits3 = i64x2(64, 128);
  const minus = i64x2.splat(i64.MIN_VALUE);
  let a0 = f64x2.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  for (let i: usize = 0; i < <usize>count; i++) {
    const v = v128.load64_splat(seen + (i << 3));
    const w = i64x2.splat(<i64>load<u8>(kernel + i));
    a0 = f64x2.add(a0, v128.xor(v, flipped(w, bits0, minus)));
    a1 = f64x2.add(a1, v128.xor(v, flipped(w, bits1, minus)));
    a2 = f64x2.add(a2, v128.xor(v, flipped(w, bits2, minus)));
    a3 = f64x2.add(a3, v128.xor(v, flipped(w, bits3, minus)));
  }
  if (bias) {
    a0 = f64x2.add(a0, f64x2.promote_low_f32x4(v128.load64_zero(bias)));
    a1 = f64x2.add(a1, f64x2.promote_low_f32x4(v128.load64_zero(bias, 8)));
    a2 = f64x2.add(a2, f64x2.promote_low_f32x4(v128.load64_zero(bias, 16)));
    a3 = f64x2.add(a3, f64x2.promote_low_f32x4(v128.load64_zero(bias, 24)));
  }
  storeEight(rounded(a0, a1), rounded(a2, a3), used, out);
}

/** The sign bit where a lane's bit is set. */
function flipped(w: v128, bits: v128, minus: v128): v128 {
  return v128.and(i64x2.eq(v128.and(w, bits), bits), minus);
}

/** One pixel, eight filters, in f32. */
function fastOne(seen: usize, kernel: usize, count: i32, bias: usize, used: i32, out: usize): void {
  const low = i32x4(1, 2, 4, 8);
  const high = i32x4(16, 32, 64, 128);
  const minus = i32x4.splat(i32.MIN_VALUE);
  let a0 = f32x4.splat(0);
  let a1 = a0;
  for (let i: usize = 0; i < <usize>count; i++) {
    const v = v128.load32_splat(seen + (i << 2));
    const w = i32x4.splat(<i32>load<u8>(kernel + i));
    a0 = f32x4.add(a0, v128.xor(v, v128.and(i32x4.eq(v128.and(w, low), low), minus)));
    a1 = f32x4.add(a1, v128.xor(v, v128.and(i32x4.eq(v128.and(w, high), high), minus)));
  }
  if (bias) {
    a0 = f32x4.add(a0, v128.load(bias));
    a1 = f32x4.add(a1, v128.load(bias, 16));
  }
  storeEight(a0, a1, used, out);
}
