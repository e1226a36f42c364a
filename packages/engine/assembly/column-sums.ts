/**
 * Sums over rows for each column (channel), in f64; of some rows only where several threads each take a part. Rows go by in blocks that fit the first-level cache, inside
 * a block eight columns at a time, so that sums stay in registers and memory is read once, in order.
 */

const BLOCK_BYTES: i32 = 16 * 1024;

function blockRows(columns: i32): i32 {
  return max(8, BLOCK_BYTES / max(1, columns << 2));
}

/** Upper two floats as f64. */
export function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f64>(v, v, 1, 1));
}

/** sums[c] (f64) = sum over rows of x[r, c]. */
export function columnSums(x: usize, rows: i32, columns: i32, sums: usize): void {
  memory.fill(sums, 0, (<usize>columns) << 3);
  const stride = (<usize>columns) << 2;
  const block = blockRows(columns);
  for (let first = 0; first < rows; first += block) {
    const count = min(block, rows - first);
    const from = x + <usize>first * stride;
    let c = 0;
    for (; c + 8 <= columns; c += 8) {
      const s = sums + ((<usize>c) << 3);
      let a = v128.load(s);
      let b = v128.load(s, 16);
      let d = v128.load(s, 32);
      let e = v128.load(s, 48);
      let at = from + ((<usize>c) << 2);
      for (let r = 0; r < count; r++) {
        const u = v128.load(at);
        const v = v128.load(at, 16);
        a = f64x2.add(a, f64x2.promote_low_f32x4(u));
        b = f64x2.add(b, high(u));
        d = f64x2.add(d, f64x2.promote_low_f32x4(v));
        e = f64x2.add(e, high(v));
        at += stride;
      }
      v128.store(s, a);
      v128.store(s, b, 16);
      v128.store(s, d, 32);
      v128.store(s, e, 48);
    }
    for (; c < columns; c++) {
      const s = sums + ((<usize>c) << 3);
      let a = load<f64>(s);
      let at = from + ((<usize>c) << 2);
      for (let r = 0; r < count; r++) {
        a += load<f32>(at);
        at += stride;
      }
      store<f64>(s, a);
    }
  }
}

/** sums[c] = sum over rows of (x[r, c] - mean[c])^2, mean in f64. */
export function columnSquares(x: usize, rows: i32, columns: i32, mean: usize, sums: usize): void {
  memory.fill(sums, 0, (<usize>columns) << 3);
  const stride = (<usize>columns) << 2;
  const block = blockRows(columns);
  for (let first = 0; first < rows; first += block) {
    const count = min(block, rows - first);
    const from = x + <usize>first * stride;
    let c = 0;
    for (; c + 4 <= columns; c += 4) {
      const s = sums + ((<usize>c) << 3);
      const m = mean + ((<usize>c) << 3);
      const m0 = v128.load(m);
      const m1 = v128.load(m, 16);
      let a = v128.load(s);
      let b = v128.load(s, 16);
      let at = from + ((<usize>c) << 2);
      for (let r = 0; r < count; r++) {
        const v = v128.load(at);
        const d0 = f64x2.sub(f64x2.promote_low_f32x4(v), m0);
        const d1 = f64x2.sub(high(v), m1);
        a = f64x2.add(a, f64x2.mul(d0, d0));
        b = f64x2.add(b, f64x2.mul(d1, d1));
        at += stride;
      }
      v128.store(s, a);
      v128.store(s, b, 16);
    }
    for (; c < columns; c++) {
      const s = sums + ((<usize>c) << 3);
      const m = load<f64>(mean + ((<usize>c) << 3));
      let a = load<f64>(s);
      let at = from + ((<usize>c) << 2);
      for (let r = 0; r < count; r++) {
        const d = <f64>load<f32>(at) - m;
        a += d * d;
        at += stride;
      }
      store<f64>(s, a);
    }
  }
}

/** sums[c] = sum over rows of dy[r, c], products[c] = sum of dy[r, c] (x[r, c] - mean[c]); mean is f32. */
export function columnProducts(
  dy: usize,
  x: usize,
  rows: i32,
  columns: i32,
  mean: usize,
  sums: usize,
  products: usize,
): void {
  memory.fill(sums, 0, (<usize>columns) << 3);
  memory.fill(products, 0, (<usize>columns) << 3);
  const stride = (<usize>columns) << 2;
  const block = max(8, blockRows(columns) >> 1);
  for (let first = 0; first < rows; first += block) {
    const count = min(block, rows - first);
    const start = <usize>first * stride;
    let c = 0;
    for (; c + 4 <= columns; c += 4) {
      const s = (<usize>c) << 3;
      const m = v128.load(mean + ((<usize>c) << 2));
      const m0 = f64x2.promote_low_f32x4(m);
      const m1 = high(m);
      let a = v128.load(sums + s);
      let b = v128.load(sums + s, 16);
      let p = v128.load(products + s);
      let q = v128.load(products + s, 16);
      let at = start + ((<usize>c) << 2);
      for (let r = 0; r < count; r++) {
        const g = v128.load(dy + at);
        const v = v128.load(x + at);
        const g0 = f64x2.promote_low_f32x4(g);
        const g1 = high(g);
        a = f64x2.add(a, g0);
        b = f64x2.add(b, g1);
        p = f64x2.add(p, f64x2.mul(g0, f64x2.sub(f64x2.promote_low_f32x4(v), m0)));
        q = f64x2.add(q, f64x2.mul(g1, f64x2.sub(high(v), m1)));
        at += stride;
      }
      v128.store(sums + s, a);
      v128.store(sums + s, b, 16);
      v128.store(products + s, p);
      v128.store(products + s, q, 16);
    }
    for (; c < columns; c++) {
      const s = (<usize>c) << 3;
      const m = <f64>load<f32>(mean + ((<usize>c) << 2));
      let a = load<f64>(sums + s);
      let p = load<f64>(products + s);
      let at = start + ((<usize>c) << 2);
      for (let r = 0; r < count; r++) {
        const g = <f64>load<f32>(dy + at);
        a += g;
        p += g * (<f64>load<f32>(x + at) - m);
        at += stride;
      }
      store<f64>(sums + s, a);
      store<f64>(products + s, p);
    }
  }
}

/** y[o, i] = sum over r of x[o, r, i]; `sums` is scratch for inner f64. */
export function sumOuter(
  x: usize,
  y: usize,
  outer: i32,
  reduced: i32,
  inner: i32,
  sums: usize,
): void {
  const bytes = (<usize>reduced * inner) << 2;
  for (let o = 0; o < outer; o++) {
    if (inner == 1) {
      store<f32>(y, <f32>rowSum(x, reduced));
      y += 4;
    } else {
      columnSums(x, reduced, inner, sums);
      for (let i = 0; i < inner; i++) {
        store<f32>(y, <f32>load<f64>(sums + ((<usize>i) << 3)));
        y += 4;
      }
    }
    x += bytes;
  }
}

/** Sum of `count` entries, in f64. */
export function rowSum(x: usize, count: i32): f64 {
  let a = f64x2.splat(0);
  let b = a;
  const whole = x + ((<usize>(count & ~3)) << 2);
  const end = x + ((<usize>count) << 2);
  for (; x < whole; x += 16) {
    const v = v128.load(x);
    a = f64x2.add(a, f64x2.promote_low_f32x4(v));
    b = f64x2.add(b, high(v));
  }
  a = f64x2.add(a, b);
  let total = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  for (; x < end; x += 4) total += load<f32>(x);
  return total;
}
