/**
 * Element-wise functions of one array. Each function is a class without fields, so that `each<F>` is
 * compiled once per function with the function in its loop.
 */
import { exp4 } from './exp';
import { loadLanes, storeLanes } from './lanes';
import { log4 } from './log';

@unmanaged
class Relu {
  of(v: v128): v128 {
    return f32x4.max(f32x4.splat(0), v);
  }
}
@unmanaged
class Step {
  of(v: v128): v128 {
    const one = v128.and(f32x4.gt(v, f32x4.splat(0)), f32x4.splat(1));
    return v128.bitselect(v, one, f32x4.ne(v, v));
  }
}
@unmanaged
class Neg {
  of(v: v128): v128 {
    return f32x4.neg(v);
  }
}
@unmanaged
class Abs {
  of(v: v128): v128 {
    return f32x4.abs(v);
  }
}
@unmanaged
class Square {
  of(v: v128): v128 {
    return f32x4.mul(v, v);
  }
}
@unmanaged
class Sqrt {
  of(v: v128): v128 {
    return f32x4.sqrt(v);
  }
}
@unmanaged
class Rsqrt {
  of(v: v128): v128 {
    return f32x4.div(f32x4.splat(1), f32x4.sqrt(v));
  }
}
@unmanaged
class Exp {
  of(v: v128): v128 {
    return exp4(v);
  }
}
@unmanaged
class Log {
  of(v: v128): v128 {
    return log4(v);
  }
}
@unmanaged
class Sign {
  of(v: v128): v128 {
    const zero = f32x4.splat(0);
    const positive = v128.and(f32x4.gt(v, zero), f32x4.splat(1));
    return v128.or(positive, v128.and(f32x4.lt(v, zero), f32x4.splat(-1)));
  }
}

function each<F>(x: usize, y: usize, count: i32): void {
  const f = changetype<F>(0);
  const whole = x + ((<usize>(count & ~3)) << 2);
  for (; x < whole; x += 16) {
    v128.store(y, f.of(v128.load(x)));
    y += 16;
  }
  const rest = count & 3;
  if (rest) storeLanes(y, f.of(loadLanes(x, rest)), rest);
}

/** `op` counts as UNARY_OPS of src/providers/wasm/element-wise.ts does. */
export function unary(op: i32, x: usize, y: usize, count: i32): void {
  switch (op) {
    case 0:
      return each<Relu>(x, y, count);
    case 1:
      return each<Step>(x, y, count);
    case 2:
      return each<Neg>(x, y, count);
    case 3:
      return each<Abs>(x, y, count);
    case 4:
      return each<Square>(x, y, count);
    case 5:
      return each<Sqrt>(x, y, count);
    case 6:
      return each<Rsqrt>(x, y, count);
    case 7:
      return each<Exp>(x, y, count);
    case 8:
      return each<Log>(x, y, count);
    default:
      return each<Sign>(x, y, count);
  }
}

/** y = min(max(x, low), high). */
export function clip(x: usize, y: usize, count: i32, low: f32, high: f32): void {
  const L = f32x4.splat(low);
  const H = f32x4.splat(high);
  const whole = x + ((<usize>(count & ~3)) << 2);
  for (; x < whole; x += 16) {
    v128.store(y, f32x4.min(f32x4.max(v128.load(x), L), H));
    y += 16;
  }
  const rest = count & 3;
  if (rest) storeLanes(y, f32x4.min(f32x4.max(loadLanes(x, rest), L), H), rest);
}

export function fill(y: usize, count: i32, value: f32): void {
  const v = f32x4.splat(value);
  const whole = y + ((<usize>(count & ~3)) << 2);
  for (; y < whole; y += 16) v128.store(y, v);
  const rest = count & 3;
  if (rest) storeLanes(y, v, rest);
}
