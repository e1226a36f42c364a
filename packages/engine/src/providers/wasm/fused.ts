/**
 * Whether this host multiplies and adds with one rounding in WebAssembly. Relaxed SIMD leaves that to the host, so it is tried out.
 */

/**
 * (f32, f32, f32) -> f32: f32x4.relaxed_madd of the three in all lanes, lane 0.
 */
const probe = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  ...[1, 8, 1, 96, 3, 125, 125, 125, 1, 125],
  ...[3, 2, 1, 0],
  ...[7, 5, 1, 1, 102, 0, 0],
  ...[10, 22, 1, 20, 0],
  ...[32, 0, 253, 19, 32, 1, 253, 19, 32, 2, 253, 19],
  ...[253, 0x85, 2, 253, 31, 0, 11],
);

/** In V8 from version 11.4 on (Node 21, Chromium 114) on processors that have the instruction. */
export function hostFuses(): boolean {
  if (!WebAssembly.validate(probe)) return false;
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(probe)).exports;
  if (!isMultiplyAdd(f)) return false;
  // (1 + e)^2 = 1 + 2 e + e^2, whose last term is lost where the product is rounded on its own.
  const e = 2 ** -12;
  return f(1 + e, 1 + e, -(1 + 2 * e)) === e * e;
}

function isMultiplyAdd(value: unknown): value is (a: number, b: number, c: number) => number {
  return typeof value === 'function';
}
