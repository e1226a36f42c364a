/**
 * The machine's speed limit for SIMD128 without fused multiply-add: multiplies and adds on 14 registers
 * that depend on nothing but themselves, 56 operations per iteration. Benchmarks state kernels as a share of it.
 */
export function peak(iterations: i32, result: usize): void {
  const m = f32x4.splat(load<f32>(result));
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
  let o = a;
  let p = a;
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
    o = f32x4.mul(o, m);
    p = f32x4.add(p, m);
  }
  a = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  e = f32x4.add(f32x4.add(e, f), f32x4.add(g, h));
  i = f32x4.add(f32x4.add(i, j), f32x4.add(k, l));
  v128.store(result, f32x4.add(f32x4.add(a, e), f32x4.add(i, f32x4.add(o, p))), 16);
}
