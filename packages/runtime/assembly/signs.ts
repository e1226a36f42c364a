/** Numbers to signs, and exact sums to signs by thresholds. Bits: 0 is +1, 1 is -1; unsigned: 1 where the sign is +1. */
import { lowBits } from './bits';
import { reportNaN } from './status';
import { FIRST, IN, OUT, address, float, floats, number, operand, word } from './record';

/**
 * Bit 1 where x < 0, in words of 32 channels. Parameters: positions a row, channels, input is i32, all ones for unsigned or 0,
 * numbers of a row of the edge.
 */
export function signBits(record: usize, y: i32, rows: i32, thread: i32): void {
  let out = operand(record, OUT, y, thread);
  let x = operand(record, IN, y, thread);
  const first = x;
  const positions = rows * word(record, FIRST);
  const channels = word(record, FIRST + 1);
  const integers = word(record, FIRST + 2) != 0;
  const complement = <u32>word(record, FIRST + 3);
  const zero = f32x4.splat(0);
  let nans = zero;
  for (let p = 0; p < positions; p++) {
    for (let from = 0; from < channels; from += 32) {
      const count = min(32, channels - from);
      let bits: u32 = 0;
      let i = 0;
      for (; i + 8 <= count; i += 8) {
        const a = floats(x, integers);
        const b = floats(x + 16, integers);
        nans = v128.or(nans, v128.or(f32x4.ne(a, a), f32x4.ne(b, b)));
        const below = i32x4.bitmask(f32x4.lt(a, zero)) | (i32x4.bitmask(f32x4.lt(b, zero)) << 4);
        bits |= (<u32>below) << i;
        x += 32;
      }
      for (; i < count; i++) {
        const v = number(x, integers);
        if (v != v) nans = f32x4.splat(1);
        bits |= (<u32>(v < 0)) << i;
        x += 4;
      }
      store<u32>(out, bits ^ (complement & lowBits(count)));
      out += 4;
    }
  }
  if (v128.any_true(nans)) {
    reportNaN(record, first, positions * channels, <usize>y * address(record, FIRST + 4), thread);
  }
}

/** 1 and -1 as floats. Parameters: numbers a row, input is i32. */
export function signFloats(record: usize, y: i32, rows: i32, thread: i32): void {
  const out = operand(record, OUT, y, thread);
  const x = operand(record, IN, y, thread);
  const row = address(record, FIRST);
  const bytes = (<usize>rows * row) << 2;
  const integers = word(record, FIRST + 1) != 0;
  let broken = false;
  for (let at: usize = 0; at < bytes; at += 4) {
    const v = number(x + at, integers);
    broken = broken || v != v;
    store<f32>(out + at, v < 0 ? -1 : 1);
  }
  if (broken) reportNaN(record, x, <i32>(bytes >>> 2), <usize>y * row, thread);
}

/**
 * Bit (d < threshold) ^ flip. Parameters: positions a row, channels, thresholds, flips, all ones for unsigned or 0.
 */
export function threshold(record: usize, y: i32, rows: i32, thread: i32): void {
  let out = operand(record, OUT, y, thread);
  let d = operand(record, IN, y, thread);
  const positions = rows * word(record, FIRST);
  const channels = word(record, FIRST + 1);
  const thresholds = address(record, FIRST + 2);
  const flips = address(record, FIRST + 3);
  const complement = <u32>word(record, FIRST + 4);
  for (let p = 0; p < positions; p++) {
    let t = thresholds;
    let flip = flips;
    for (let from = 0; from < channels; from += 32) {
      const count = min(32, channels - from);
      let bits: u32 = 0;
      let i = 0;
      for (; i + 8 <= count; i += 8) {
        const a = i32x4.lt_s(v128.load(d), v128.load(t));
        const b = i32x4.lt_s(v128.load(d, 16), v128.load(t, 16));
        bits |= (<u32>(i32x4.bitmask(a) | (i32x4.bitmask(b) << 4))) << i;
        d += 32;
        t += 32;
      }
      for (; i < count; i++) {
        bits |= (<u32>(load<i32>(d) < load<i32>(t))) << i;
        d += 4;
        t += 4;
      }
      store<u32>(out, bits ^ load<u32>(flip) ^ (complement & lowBits(count)));
      out += 4;
      flip += 4;
    }
  }
}

/**
 * round(factor x), limited to [-127, 127], to the nearest integer, ties to even. Parameters: numbers a row, input is i32, factor.
 */
export function quantize(record: usize, y: i32, rows: i32, thread: i32): void {
  const out = operand(record, OUT, y, thread);
  const x = operand(record, IN, y, thread);
  const row = address(record, FIRST);
  const count = <usize>rows * row;
  const integers = word(record, FIRST + 1) != 0;
  const factor = f32x4.splat(float(record, FIRST + 2));
  const most = f32x4.splat(127);
  const least = f32x4.splat(-127);
  let nans = i32x4.splat(0);
  let i: usize = 0;
  for (; i + 4 <= count; i += 4) {
    const v = f32x4.mul(factor, floats(x + (i << 2), integers));
    nans = v128.or(nans, f32x4.ne(v, v));
    const limited = f32x4.nearest(f32x4.min(f32x4.max(v, least), most));
    const whole = i32x4.trunc_sat_f32x4_s(limited);
    const halves = i16x8.narrow_i32x4_s(whole, whole);
    v128.store32_lane(out + i, i8x16.narrow_i16x8_s(halves, halves), 0);
  }
  for (; i < count; i++) {
    const v = float(record, FIRST + 2) * number(x + (i << 2), integers);
    if (v != v) nans = i32x4.splat(1);
    store<i8>(out + i, <i8>nearest<f32>(min<f32>(max<f32>(v, -127), 127)));
  }
  if (v128.any_true(nans)) reportNaN(record, x, <i32>count, <usize>y * row, thread);
}
