/** Ops that change every number by itself. Rows are [positions, channels]; each kernel takes all positions of a strip. */
import { exp } from './exp';
import { FIRST, IN, OUT, address, float, floats, number, operand, word } from './record';

/** fround(fround(a x) + b). Parameters: positions a row, channels, input is i32, a or 0, b or 0. */
export function affine(record: usize, y: i32, rows: i32, thread: i32): void {
  let out = operand(record, OUT, y, thread);
  let x = operand(record, IN, y, thread);
  const positions = rows * word(record, FIRST);
  const channels = word(record, FIRST + 1);
  const integers = word(record, FIRST + 2) != 0;
  const a = address(record, FIRST + 3);
  const b = address(record, FIRST + 4);
  for (let p = 0; p < positions; p++) {
    let c = 0;
    for (; c + 4 <= channels; c += 4) {
      const at = (<usize>c) << 2;
      let v = floats(x + at, integers);
      if (a) v = f32x4.mul(v128.load(a + at), v);
      if (b) v = f32x4.add(v, v128.load(b + at));
      v128.store(out + at, v);
    }
    for (; c < channels; c++) {
      const at = (<usize>c) << 2;
      let v = number(x + at, integers);
      if (a) v = load<f32>(a + at) * v;
      if (b) v = v + load<f32>(b + at);
      store<f32>(out + at, v);
    }
    x += (<usize>channels) << 2;
    out += (<usize>channels) << 2;
  }
}

/** x for x >= 0, else fround(alpha x). Parameters: positions a row, channels, input is i32, alpha. */
export function prelu(record: usize, y: i32, rows: i32, thread: i32): void {
  let out = operand(record, OUT, y, thread);
  let x = operand(record, IN, y, thread);
  const positions = rows * word(record, FIRST);
  const channels = word(record, FIRST + 1);
  const integers = word(record, FIRST + 2) != 0;
  const alpha = address(record, FIRST + 3);
  const zero = f32x4.splat(0);
  for (let p = 0; p < positions; p++) {
    let c = 0;
    for (; c + 4 <= channels; c += 4) {
      const at = (<usize>c) << 2;
      const v = floats(x + at, integers);
      v128.store(
        out + at,
        v128.bitselect(f32x4.mul(v128.load(alpha + at), v), v, f32x4.lt(v, zero)),
      );
    }
    for (; c < channels; c++) {
      const at = (<usize>c) << 2;
      const v = number(x + at, integers);
      store<f32>(out + at, v < 0 ? load<f32>(alpha + at) * v : v);
    }
    x += (<usize>channels) << 2;
    out += (<usize>channels) << 2;
  }
}

/** +0 where x <= 0, else x. Parameters: numbers a row, input is i32. */
export function relu(record: usize, y: i32, rows: i32, thread: i32): void {
  const out = operand(record, OUT, y, thread);
  const x = operand(record, IN, y, thread);
  const bytes = (<usize>rows * address(record, FIRST)) << 2;
  const integers = word(record, FIRST + 1) != 0;
  const zero = f32x4.splat(0);
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const v = floats(x + at, integers);
    v128.store(out + at, v128.andnot(v, f32x4.le(v, zero)));
  }
  for (; at < bytes; at += 4) {
    const v = number(x + at, integers);
    store<f32>(out + at, v <= 0 ? 0 : v);
  }
}

/** min where x < min, max where x > max, else x. Parameters: numbers a row, input is i32, min, max. */
export function clip(record: usize, y: i32, rows: i32, thread: i32): void {
  const out = operand(record, OUT, y, thread);
  const x = operand(record, IN, y, thread);
  const bytes = (<usize>rows * address(record, FIRST)) << 2;
  const integers = word(record, FIRST + 1) != 0;
  const low = float(record, FIRST + 2);
  const high = float(record, FIRST + 3);
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const v = floats(x + at, integers);
    const below = v128.bitselect(lows, v, f32x4.lt(v, lows));
    v128.store(out + at, v128.bitselect(highs, below, f32x4.gt(v, highs)));
  }
  for (; at < bytes; at += 4) {
    const v = number(x + at, integers);
    store<f32>(out + at, v < low ? low : v > high ? high : v);
  }
}

/** round(1 / (1 + exp(-x))) in f64. Parameters: numbers a row, input is i32. */
export function sigmoid(record: usize, y: i32, rows: i32, thread: i32): void {
  const out = operand(record, OUT, y, thread);
  const x = operand(record, IN, y, thread);
  const bytes = (<usize>rows * address(record, FIRST)) << 2;
  const integers = word(record, FIRST + 1) != 0;
  for (let at: usize = 0; at < bytes; at += 4) {
    store<f32>(out + at, <f32>(1 / (1 + exp(-(<f64>number(x + at, integers))))));
  }
}

/** src/kernels/elementwise.ts has why it is computed so. Parameters: numbers a row, input is i32. */
export function tanh(record: usize, y: i32, rows: i32, thread: i32): void {
  const out = operand(record, OUT, y, thread);
  const x = operand(record, IN, y, thread);
  const bytes = (<usize>rows * address(record, FIRST)) << 2;
  const integers = word(record, FIRST + 1) != 0;
  for (let at: usize = 0; at < bytes; at += 4) {
    const v = <f64>number(x + at, integers);
    const size = abs(v);
    let value: f64;
    if (size < 1e-4) {
      value = v - (v * v * v) / 3;
    } else {
      const e = exp(-2 * size);
      value = (1 - e) / (1 + e);
      if (v < 0) value = -value;
    }
    store<f32>(out + at, <f32>value);
  }
}

/** Over the channels of each position. Parameters: positions a row, channels, input is i32. */
export function softmax(record: usize, y: i32, rows: i32, thread: i32): void {
  let out = operand(record, OUT, y, thread);
  let x = operand(record, IN, y, thread);
  const positions = rows * word(record, FIRST);
  const row = address(record, FIRST + 1) << 2;
  const integers = word(record, FIRST + 2) != 0;
  for (let p = 0; p < positions; p++) {
    let largest: f64 = -Infinity;
    for (let at: usize = 0; at < row; at += 4) {
      const v = <f64>number(x + at, integers);
      if (v > largest) largest = v;
    }
    let sum: f64 = 0;
    for (let at: usize = 0; at < row; at += 4) {
      sum += exp(<f64>number(x + at, integers) - largest);
    }
    for (let at: usize = 0; at < row; at += 4) {
      store<f32>(out + at, <f32>(exp(<f64>number(x + at, integers) - largest) / sum));
    }
    x += row;
    out += row;
  }
}

/**
 * Each position's vector of channels brought to length 1 and scaled, as src/kernels/l2-norm.ts. Parameters: positions a row, channels,
 * input is i32, scale.
 */
export function l2Norm(record: usize, y: i32, rows: i32, thread: i32): void {
  let out = operand(record, OUT, y, thread);
  let x = operand(record, IN, y, thread);
  const positions = rows * word(record, FIRST);
  const row = address(record, FIRST + 1) << 2;
  const integers = word(record, FIRST + 2) != 0;
  const scale = address(record, FIRST + 3);
  for (let p = 0; p < positions; p++) {
    let squares: f64 = 0;
    for (let at: usize = 0; at < row; at += 4) {
      const v = <f64>number(x + at, integers);
      squares += v * v;
    }
    const length = <f32>sqrt<f64>(squares);
    const divisor: f32 = length < <f32>1e-12 ? <f32>1e-12 : length;
    for (let at: usize = 0; at < row; at += 4) {
      store<f32>(out + at, (number(x + at, integers) / divisor) * load<f32>(scale + at));
    }
    x += row;
    out += row;
  }
}
