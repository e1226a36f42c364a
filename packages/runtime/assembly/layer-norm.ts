/** Layer norm of src/kernels/layer-norm.ts: four positions side by side, whose sums do not wait for each other. */
import { FIRST, IN, OUT, address, float, number, operand, word } from './record';

/** Parameters: positions a row, channels, input is i32, gamma, beta, epsilon. */
export function layerNorm(record: usize, y: i32, rows: i32, thread: i32): void {
  let out = operand(record, OUT, y, thread);
  let x = operand(record, IN, y, thread);
  const positions = rows * word(record, FIRST);
  const row = address(record, FIRST + 1) << 2;
  const channels = <f64>word(record, FIRST + 1);
  const integers = word(record, FIRST + 2) != 0;
  const gamma = address(record, FIRST + 3);
  const beta = address(record, FIRST + 4);
  const epsilon = <f64>float(record, FIRST + 5);
  let p = 0;
  for (; p + 4 <= positions; p += 4) {
    let a: f64 = 0;
    let b: f64 = 0;
    let c: f64 = 0;
    let d: f64 = 0;
    for (let at = x, end = x + row; at < end; at += 4) {
      a += <f64>number(at, integers);
      b += <f64>number(at + row, integers);
      c += <f64>number(at + 2 * row, integers);
      d += <f64>number(at + 3 * row, integers);
    }
    const ma = a / channels;
    const mb = b / channels;
    const mc = c / channels;
    const md = d / channels;
    a = 0;
    b = 0;
    c = 0;
    d = 0;
    for (let at = x, end = x + row; at < end; at += 4) {
      const da = <f64>number(at, integers) - ma;
      const db = <f64>number(at + row, integers) - mb;
      const dc = <f64>number(at + 2 * row, integers) - mc;
      const dd = <f64>number(at + 3 * row, integers) - md;
      a += da * da;
      b += db * db;
      c += dc * dc;
      d += dd * dd;
    }
    normalise(x, out, row, integers, ma, factor(a, channels, epsilon), gamma, beta);
    normalise(x + row, out + row, row, integers, mb, factor(b, channels, epsilon), gamma, beta);
    const xc = x + 2 * row;
    const outc = out + 2 * row;
    normalise(xc, outc, row, integers, mc, factor(c, channels, epsilon), gamma, beta);
    normalise(xc + row, outc + row, row, integers, md, factor(d, channels, epsilon), gamma, beta);
    x += 4 * row;
    out += 4 * row;
  }
  for (; p < positions; p++) {
    let sum: f64 = 0;
    for (let at = x, end = x + row; at < end; at += 4) sum += <f64>number(at, integers);
    const mean = sum / channels;
    let squares: f64 = 0;
    for (let at = x, end = x + row; at < end; at += 4) {
      const d = <f64>number(at, integers) - mean;
      squares += d * d;
    }
    normalise(x, out, row, integers, mean, factor(squares, channels, epsilon), gamma, beta);
    x += row;
    out += row;
  }
}

function factor(squares: f64, channels: f64, epsilon: f64): f64 {
  return 1 / sqrt<f64>(squares / channels + epsilon);
}

function normalise(
  x: usize,
  out: usize,
  bytes: usize,
  integers: bool,
  mean: f64,
  factor: f64,
  gamma: usize,
  beta: usize,
): void {
  const means = f64x2.splat(mean);
  const factors = f64x2.splat(factor);
  let at: usize = 0;
  for (; at + 8 <= bytes; at += 8) {
    const four = v128.load64_zero(x + at);
    const v = integers ? f64x2.convert_low_i32x4_s(four) : f64x2.promote_low_f32x4(four);
    const scaled = f64x2.mul(
      f64x2.mul(f64x2.sub(v, means), factors),
      f64x2.promote_low_f32x4(v128.load64_zero(gamma + at)),
    );
    const sum = f64x2.add(scaled, f64x2.promote_low_f32x4(v128.load64_zero(beta + at)));
    v128.store64_lane(out + at, f32x4.demote_f64x2_zero(sum), 0);
  }
  for (; at < bytes; at += 4) {
    const scaled = (<f64>number(x + at, integers) - mean) * factor * <f64>load<f32>(gamma + at);
    store<f32>(out + at, <f32>(scaled + <f64>load<f32>(beta + at)));
  }
}
