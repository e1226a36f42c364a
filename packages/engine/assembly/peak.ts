/**
 * The machine's speed limit for SIMD128: multiplies and adds on 12 registers that depend on nothing but themselves, in 4 rounds an
 * iteration; in the fused module fused multiply-adds. Benchmarks state kernels as a share of it. The factor is read from memory, or
 * the compiler would know it.
 */
import { FUSED } from './tile';

/** Operations in an iteration: 48 vectors of 4, each a multiply or an add, or both. */
export function peakOperations(): i32 {
  return FUSED ? 384 : 192;
}

function first(v: v128, m: v128): v128 {
  if (FUSED) return f32x4.relaxed_madd(v, m, m);
  return f32x4.mul(v, m);
}

function second(v: v128, m: v128): v128 {
  if (FUSED) return f32x4.relaxed_madd(v, m, m);
  return f32x4.add(v, m);
}

export function peak(iterations: i32, memory: usize): void {
  const m = f32x4.splat(load<f32>(memory));
  let a = f32x4.splat(1);
  let b = a;
  let c = a;
  let d = a;
  let e = a;
  let f = a;
  let g = a;
  let h = a;
  let i = a;
  let j = a;
  let k = a;
  let l = a;
  for (let n = 0; n < iterations; n++) {
    a = first(a, m);
    b = second(b, m);
    c = first(c, m);
    d = second(d, m);
    e = first(e, m);
    f = second(f, m);
    g = first(g, m);
    h = second(h, m);
    i = first(i, m);
    j = second(j, m);
    k = first(k, m);
    l = second(l, m);
    a = first(a, m);
    b = second(b, m);
    c = first(c, m);
    d = second(d, m);
    e = first(e, m);
    f = second(f, m);
    g = first(g, m);
    h = second(h, m);
    i = first(i, m);
    j = second(j, m);
    k = first(k, m);
    l = second(l, m);
    a = first(a, m);
    b = second(b, m);
    c = first(c, m);
    d = second(d, m);
    e = first(e, m);
    f = second(f, m);
    g = first(g, m);
    h = second(h, m);
    i = first(i, m);
    j = second(j, m);
    k = first(k, m);
    l = second(l, m);
    a = first(a, m);
    b = second(b, m);
    c = first(c, m);
    d = second(d, m);
    e = first(e, m);
    f = second(f, m);
    g = first(g, m);
    h = second(h, m);
    i = first(i, m);
    j = second(j, m);
    k = first(k, m);
    l = second(l, m);
  }
  v128.store(memory, a, 16);
  v128.store(memory, b, 32);
  v128.store(memory, c, 48);
  v128.store(memory, d, 64);
  v128.store(memory, e, 80);
  v128.store(memory, f, 96);
  v128.store(memory, g, 112);
  v128.store(memory, h, 128);
  v128.store(memory, i, 144);
  v128.store(memory, j, 160);
  v128.store(memory, k, 176);
  v128.store(memory, l, 192);
}
