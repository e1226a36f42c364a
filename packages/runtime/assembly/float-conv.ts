/**
 * Float convolution. Exact: each output's products are summed in f64 in the canonical order (src/kernels/float-conv.ts) and rounded
 * once. Fast: the same order in f32, rounded at each step. The windows of a strip are gathered as rows of K floats; filters are
 * lanes, so that no lane is ever added to another, and several pixels share what is loaded of the weights.
 */
import { KERNEL, biasAt, gather, gatheredAt, isExact, numbersSeen } from './gather-floats';
import { FILTERS, GROUPS, IN, OUT, OUT_WIDTH, address, operand, word } from './record';
import { rounded, storeEight } from './store-few';

/** Filters in a block of the kernel: [blocks of a group, K, 8]. */
const LANES: i32 = 8;

/** Parameters: the window's sizes, then those of gather-floats.ts. */
export function floatConv(record: usize, y: i32, rows: i32, thread: i32): void {
  const x = operand(record, IN, 0, thread);
  const out = operand(record, OUT, y, thread);
  const gathered = gatheredAt(record, thread);
  const groups = word(record, GROUPS);
  const filters = word(record, FILTERS);
  const count = numbersSeen(record);
  const blocks = (filters + LANES - 1) / LANES;
  const blockBytes = <usize>count * LANES * 4;
  const pixels = rows * word(record, OUT_WIDTH);
  const stride = (<usize>(groups * filters)) << 2;
  const exact = isExact(record);
  const rowBytes = (<usize>count) << (exact ? 3 : 2);
  for (let group = 0; group < groups; group++) {
    gather(record, x, y, rows, group, gathered);
    for (let block = 0; block < blocks; block++) {
      const first = group * filters + block * LANES;
      const used = min(LANES, filters - block * LANES);
      const kernel = address(record, KERNEL) + <usize>(group * blocks + block) * blockBytes;
      const bias = biasAt(record, first);
      let seen = gathered;
      let to = out + ((<usize>first) << 2);
      let p = 0;
      if (exact) {
        for (; p + 2 <= pixels; p += 2) {
          exactPair(seen, rowBytes, kernel, count, bias, used, to, stride);
          seen += 2 * rowBytes;
          to += 2 * stride;
        }
        // A last one alone is its own neighbour.
        if (p < pixels) exactPair(seen, 0, kernel, count, bias, used, to, 0);
      } else {
        for (; p + 4 <= pixels; p += 4) {
          fastFour(seen, rowBytes, kernel, count, bias, used, to, stride);
          seen += 4 * rowBytes;
          to += 4 * stride;
        }
        for (; p < pixels; p++) {
          fastFour(seen, 0, kernel, count, bias, used, to, 0);
          seen += rowBytes;
          to += stride;
        }
      }
    }
  }
}

/** Two pixels, `step` bytes apart where they are gathered and `stride` in the output, with eight filters. */
function exactPair(
  seen: usize,
  step: usize,
  kernel: usize,
  count: i32,
  bias: usize,
  used: i32,
  out: usize,
  stride: usize,
): void {
  let a0 = f64x2.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  for (let i = 0; i < count; i++) {
    const w0 = f64x2.promote_low_f32x4(v128.load64_zero(kernel));
    const w1 = f64x2.promote_low_f32x4(v128.load64_zero(kernel, 8));
    const w2 = f64x2.promote_low_f32x4(v128.load64_zero(kernel, 16));
    const w3 = f64x2.promote_low_f32x4(v128.load64_zero(kernel, 24));
    const a = v128.load64_splat(seen);
    const b = v128.load64_splat(seen + step);
    a0 = f64x2.add(a0, f64x2.mul(a, w0));
    a1 = f64x2.add(a1, f64x2.mul(a, w1));
    a2 = f64x2.add(a2, f64x2.mul(a, w2));
    a3 = f64x2.add(a3, f64x2.mul(a, w3));
    b0 = f64x2.add(b0, f64x2.mul(b, w0));
    b1 = f64x2.add(b1, f64x2.mul(b, w1));
    b2 = f64x2.add(b2, f64x2.mul(b, w2));
    b3 = f64x2.add(b3, f64x2.mul(b, w3));
    kernel += 32;
    seen += 8;
  }
  if (bias) {
    const d0 = f64x2.promote_low_f32x4(v128.load64_zero(bias));
    const d1 = f64x2.promote_low_f32x4(v128.load64_zero(bias, 8));
    const d2 = f64x2.promote_low_f32x4(v128.load64_zero(bias, 16));
    const d3 = f64x2.promote_low_f32x4(v128.load64_zero(bias, 24));
    a0 = f64x2.add(a0, d0);
    a1 = f64x2.add(a1, d1);
    a2 = f64x2.add(a2, d2);
    a3 = f64x2.add(a3, d3);
    b0 = f64x2.add(b0, d0);
    b1 = f64x2.add(b1, d1);
    b2 = f64x2.add(b2, d2);
    b3 = f64x2.add(b3, d3);
  }
  storeEight(rounded(a0, a1), rounded(a2, a3), used, out);
  storeEight(rounded(b0, b1), rounded(b2, b3), used, out + stride);
}

/** Four pixels, `step` bytes apart where they are gathered and `stride` in the output, with eight filters. */
function fastFour(
  seen: usize,
  step: usize,
  kernel: usize,
  count: i32,
  bias: usize,
  used: i32,
  out: usize,
  stride: usize,
): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  const third = seen + 2 * step;
  for (let i: usize = 0; i < (<usize>count) << 2; i += 4) {
    const w0 = v128.load(kernel);
    const w1 = v128.load(kernel, 16);
    kernel += 32;
    const a = v128.load32_splat(seen + i);
    a0 = f32x4.add(a0, f32x4.mul(a, w0));
    a1 = f32x4.add(a1, f32x4.mul(a, w1));
    const b = v128.load32_splat(seen + step + i);
    b0 = f32x4.add(b0, f32x4.mul(b, w0));
    b1 = f32x4.add(b1, f32x4.mul(b, w1));
    const c = v128.load32_splat(third + i);
    c0 = f32x4.add(c0, f32x4.mul(c, w0));
    c1 = f32x4.add(c1, f32x4.mul(c, w1));
    const d = v128.load32_splat(third + step + i);
    d0 = f32x4.add(d0, f32x4.mul(d, w0));
    d1 = f32x4.add(d1, f32x4.mul(d, w1));
  }
  if (bias) {
    const low = v128.load(bias);
    const high = v128.load(bias, 16);
    a0 = f32x4.add(a0, low);
    a1 = f32x4.add(a1, high);
    b0 = f32x4.add(b0, low);
    b1 = f32x4.add(b1, high);
    c0 = f32x4.add(c0, low);
    c1 = f32x4.add(c1, high);
    d0 = f32x4.add(d0, low);
    d1 = f32x4.add(d1, high);
  }
  storeEight(a0, a1, used, out);
  storeEight(b0, b1, used, out + stride);
  storeEight(c0, c1, used, out + 2 * stride);
  storeEight(d0, d1, used, out + 3 * stride);
}
