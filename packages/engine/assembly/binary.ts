/**
 * Element-wise functions of two arrays, the second one lined up by BinaryLayout, and PReLU. Either runs of b's
 * whole length stand against b (inner = 1), or runs of `inner` entries against one entry of b.
 */
import { loadLanes, storeLanes } from './lanes';

@unmanaged
class Add {
  of(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}
@unmanaged
class Sub {
  of(a: v128, b: v128): v128 {
    return f32x4.sub(a, b);
  }
}
@unmanaged
class SubFrom {
  of(a: v128, b: v128): v128 {
    return f32x4.sub(b, a);
  }
}
@unmanaged
class Mul {
  of(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}
@unmanaged
class Div {
  of(a: v128, b: v128): v128 {
    return f32x4.div(a, b);
  }
}
@unmanaged
class DivInto {
  of(a: v128, b: v128): v128 {
    return f32x4.div(b, a);
  }
}
@unmanaged
class Max {
  of(a: v128, b: v128): v128 {
    return f32x4.max(a, b);
  }
}
@unmanaged
class Min {
  of(a: v128, b: v128): v128 {
    return f32x4.min(a, b);
  }
}
@unmanaged
class SquaredDifference {
  of(a: v128, b: v128): v128 {
    const d = f32x4.sub(a, b);
    return f32x4.mul(d, d);
  }
}
@unmanaged
class Prelu {
  of(a: v128, b: v128): v128 {
    return v128.bitselect(f32x4.mul(a, b), a, f32x4.lt(a, f32x4.splat(0)));
  }
}

function pairs<F>(a: usize, b: usize, y: usize, count: i32): void {
  const f = changetype<F>(0);
  const whole = a + ((<usize>(count & ~3)) << 2);
  for (; a < whole; a += 16) {
    v128.store(y, f.of(v128.load(a), v128.load(b)));
    b += 16;
    y += 16;
  }
  const rest = count & 3;
  if (rest) storeLanes(y, f.of(loadLanes(a, rest), loadLanes(b, rest)), rest);
}

function withOne<F>(a: usize, b: v128, y: usize, count: i32): void {
  const f = changetype<F>(0);
  const whole = a + ((<usize>(count & ~3)) << 2);
  for (; a < whole; a += 16) {
    v128.store(y, f.of(v128.load(a), b));
    y += 16;
  }
  const rest = count & 3;
  if (rest) storeLanes(y, f.of(loadLanes(a, rest), b), rest);
}

function runs<F>(a: usize, b: usize, y: usize, count: i32, length: i32, inner: i32): void {
  if (length == 1) return withOne<F>(a, f32x4.splat(load<f32>(b)), y, count);
  let at = 0;
  for (let done = 0; done < count;) {
    const offset = (<usize>done) << 2;
    if (inner == 1) {
      const run = min(length, count - done);
      pairs<F>(a + offset, b, y + offset, run);
      done += run;
    } else {
      const run = min(inner, count - done);
      withOne<F>(a + offset, v128.load_splat<u32>(b + ((<usize>at) << 2)), y + offset, run);
      done += run;
      if (++at == length) at = 0;
    }
  }
}

/** `op` counts as BINARY_OPS of src/providers/wasm/element-wise.ts does. */
export function binary(
  op: i32,
  a: usize,
  b: usize,
  y: usize,
  count: i32,
  length: i32,
  inner: i32,
): void {
  switch (op) {
    case 0:
      return runs<Add>(a, b, y, count, length, inner);
    case 1:
      return runs<Sub>(a, b, y, count, length, inner);
    case 2:
      return runs<SubFrom>(a, b, y, count, length, inner);
    case 3:
      return runs<Mul>(a, b, y, count, length, inner);
    case 4:
      return runs<Div>(a, b, y, count, length, inner);
    case 5:
      return runs<DivInto>(a, b, y, count, length, inner);
    case 6:
      return runs<Max>(a, b, y, count, length, inner);
    case 7:
      return runs<Min>(a, b, y, count, length, inner);
    case 8:
      return runs<SquaredDifference>(a, b, y, count, length, inner);
    default:
      return runs<Prelu>(a, b, y, count, length, inner);
  }
}
