/**
 * The machine's speed limit for SIMD128 without fused multiply-add: multiplies and adds on 12 registers
 * that depend on nothing but themselves, 192 operations per iteration (4 rounds of 12 vectors of 4).
 * Benchmarks state kernels as a share of it. The factor is read from memory, or the compiler would know it.
 */
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
    a = f32x4.mul(a, m);
    b = f32x4.add(b, m);
    c = f32x4.mul(c, m);
    d = f32x4.add(d, m);
    e = f32x4.mul(e, m);
    f = f32x4.add(f, m);
    g = f32x4.mul(g, m);
    h = f32x4.add(h, m);
    i = f32x4.mul(i, m);
    j = f32x4.add(j, m);
    k = f32x4.mul(k, m);
    l = f32x4.add(l, m);
    a = f32x4.mul(a, m);
    b = f32x4.add(b, m);
    c = f32x4.mul(c, m);
    d = f32x4.add(d, m);
    e = f32x4.mul(e, m);
    f = f32x4.add(f, m);
    g = f32x4.mul(g, m);
    h = f32x4.add(h, m);
    i = f32x4.mul(i, m);
    j = f32x4.add(j, m);
    k = f32x4.mul(k, m);
    l = f32x4.add(l, m);
    a = f32x4.mul(a, m);
    b = f32x4.add(b, m);
    c = f32x4.mul(c, m);
    d = f32x4.add(d, m);
    e = f32x4.mul(e, m);
    f = f32x4.add(f, m);
    g = f32x4.mul(g, m);
    h = f32x4.add(h, m);
    i = f32x4.mul(i, m);
    j = f32x4.add(j, m);
    k = f32x4.mul(k, m);
    l = f32x4.add(l, m);
    a = f32x4.mul(a, m);
    b = f32x4.add(b, m);
    c = f32x4.mul(c, m);
    d = f32x4.add(d, m);
    e = f32x4.mul(e, m);
    f = f32x4.add(f, m);
    g = f32x4.mul(g, m);
    h = f32x4.add(h, m);
    i = f32x4.mul(i, m);
    j = f32x4.add(j, m);
    k = f32x4.mul(k, m);
    l = f32x4.add(l, m);
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
