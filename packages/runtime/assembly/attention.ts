/**
 * Attention in floats of src/kernels/attention.ts. The keys of each head are turned first, as f64, so that keys are the lanes of a vector in the
 * scores, and channels are in the context: each number's sum keeps its order.
 */
import { exp } from './exp';
import { FIRST, IN, OUT, address, float, operand, word } from './record';

/** Parameters: positions a row, keys, width, heads, keys' and values' address, scratch, its bytes a thread, scale. */
export function softmaxAttention(record: usize, y: i32, rows: i32, thread: i32): void {
  const queries = rows * word(record, FIRST);
  const keys = word(record, FIRST + 1);
  const width = word(record, FIRST + 2);
  const heads = word(record, FIRST + 3);
  const each = width / heads;
  const padded = <usize>((keys + 15) & ~15);
  const scratch = address(record, FIRST + 6) + <usize>thread * address(record, FIRST + 7);
  const weights = scratch;
  const turned = scratch + (padded << 3);
  const v = address(record, FIRST + 5);
  const scale = float(record, FIRST + 8);
  turn(address(record, FIRST + 4), keys, width, padded, turned);
  const row = (<usize>width) << 2;
  let q = operand(record, IN, y, thread);
  let out = operand(record, OUT, y, thread);
  for (let i = 0; i < queries; i++) {
    for (let h = 0; h < heads; h++) {
      const first = <usize>(h * each);
      scores(q + (first << 2), turned + ((first * padded) << 3), padded, each, scale, weights);
      softmax(weights, keys);
      context(weights, keys, v + (first << 2), row, each, out + (first << 2));
    }
    q += row;
    out += row;
  }
}

/** k [keys, width] as f64 [width, padded], 0 behind the keys. */
function turn(k: usize, keys: i32, width: i32, padded: usize, to: usize): void {
  memory.fill(to, 0, (<usize>width * padded) << 3);
  for (let j = 0; j < keys; j++) {
    let at = to + ((<usize>j) << 3);
    for (let c = 0; c < width; c++, k += 4, at += padded << 3) store<f64>(at, <f64>load<f32>(k));
  }
}

/** weights[j] = round(scale round(q . k_j)), sixteen keys at a time. */
function scores(q: usize, k: usize, padded: usize, each: i32, scale: f32, weights: usize): void {
  const step = padded << 3;
  const scales = f32x4.splat(scale);
  for (let j: usize = 0; j < step; j += 128) {
    let a = f64x2.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let e = a;
    let f = a;
    let g = a;
    let h = a;
    let at = k + j;
    for (let i = 0; i < each; i++, at += step) {
      const v = f64x2.splat(<f64>load<f32>(q + ((<usize>i) << 2)));
      a = f64x2.add(a, f64x2.mul(v, v128.load(at)));
      b = f64x2.add(b, f64x2.mul(v, v128.load(at, 16)));
      c = f64x2.add(c, f64x2.mul(v, v128.load(at, 32)));
      d = f64x2.add(d, f64x2.mul(v, v128.load(at, 48)));
      e = f64x2.add(e, f64x2.mul(v, v128.load(at, 64)));
      f = f64x2.add(f, f64x2.mul(v, v128.load(at, 80)));
      g = f64x2.add(g, f64x2.mul(v, v128.load(at, 96)));
      h = f64x2.add(h, f64x2.mul(v, v128.load(at, 112)));
    }
    const to = weights + j;
    v128.store(to, scaled(a, scales));
    v128.store(to, scaled(b, scales), 16);
    v128.store(to, scaled(c, scales), 32);
    v128.store(to, scaled(d, scales), 48);
    v128.store(to, scaled(e, scales), 64);
    v128.store(to, scaled(f, scales), 80);
    v128.store(to, scaled(g, scales), 96);
    v128.store(to, scaled(h, scales), 112);
  }
}

function scaled(sums: v128, scales: v128): v128 {
  return f64x2.promote_low_f32x4(f32x4.mul(scales, f32x4.demote_f64x2_zero(sums)));
}

/** In place, each rounded to f32. */
function softmax(x: usize, keys: i32): void {
  const end = x + ((<usize>keys) << 3);
  let largest: f64 = -Infinity;
  for (let at = x; at < end; at += 8) {
    const v = load<f64>(at);
    if (v > largest) largest = v;
  }
  let sum: f64 = 0;
  for (let at = x; at < end; at += 8) {
    const e = exp(load<f64>(at) - largest);
    store<f64>(at, e);
    sum += e;
  }
  for (let at = x; at < end; at += 8) store<f64>(at, <f64>(<f32>(load<f64>(at) / sum)));
}

/** out[c] = round(sum of weights[j] v[j][c]), eight channels at a time. @param row bytes of one of v. */
function context(weights: usize, keys: i32, v: usize, row: usize, each: i32, out: usize): void {
  const end = weights + ((<usize>keys) << 3);
  let c = 0;
  for (; c + 8 <= each; c += 8, v += 32, out += 32) {
    let s = f64x2.splat(0);
    let t = s;
    let u = s;
    let w = s;
    for (let at = weights, from = v; at < end; at += 8, from += row) {
      const p = v128.load64_splat(at);
      s = f64x2.add(s, f64x2.mul(p, f64x2.promote_low_f32x4(v128.load64_zero(from))));
      t = f64x2.add(t, f64x2.mul(p, f64x2.promote_low_f32x4(v128.load64_zero(from, 8))));
      u = f64x2.add(u, f64x2.mul(p, f64x2.promote_low_f32x4(v128.load64_zero(from, 16))));
      w = f64x2.add(w, f64x2.mul(p, f64x2.promote_low_f32x4(v128.load64_zero(from, 24))));
    }
    v128.store64_lane(out, f32x4.demote_f64x2_zero(s), 0);
    v128.store64_lane(out + 8, f32x4.demote_f64x2_zero(t), 0);
    v128.store64_lane(out + 16, f32x4.demote_f64x2_zero(u), 0);
    v128.store64_lane(out + 24, f32x4.demote_f64x2_zero(w), 0);
  }
  for (; c < each; c++, v += 4, out += 4) {
    let sum: f64 = 0;
    for (let at = weights, from = v; at < end; at += 8, from += row) {
      sum += load<f64>(at) * <f64>load<f32>(from);
    }
    store<f32>(out, <f32>sum);
  }
}
