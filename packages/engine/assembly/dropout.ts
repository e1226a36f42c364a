/**
 * Dropout, four entries at a time; the formula is in @surge-bnn/contract, kernels.ts.
 */
import { loadLanes, storeLanes } from './lanes';

/**
 * `count` entries, the first of which is entry `first` of all. A vector compares 32 bits without sign as it does with one once both have their top bit
 * turned.
 */
export function dropout(
  x: usize,
  y: usize,
  first: i32,
  count: i32,
  start: u32,
  least: u32,
  kept: f32,
): void {
  const weyl: u32 = 0x9e3779b9;
  const turn = i32x4.splat(0x80000000);
  const bound = v128.xor(i32x4.splat(least), turn);
  const factor = f32x4.splat(kept);
  const origin = start + <u32>first * weyl;
  let counter = i32x4.add(i32x4.splat(origin), i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(weyl)));
  const step = i32x4.splat(4 * weyl);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    let h = v128.xor(counter, i32x4.shr_u(counter, 16));
    h = i32x4.mul(h, i32x4.splat(0x85ebca6b));
    h = v128.xor(h, i32x4.shr_u(h, 13));
    h = i32x4.mul(h, i32x4.splat(0xc2b2ae35));
    h = v128.xor(h, i32x4.shr_u(h, 16));
    const dropped = i32x4.lt_s(v128.xor(h, turn), bound);
    const mask = v128.andnot(factor, dropped);
    storeLanes(y + at, f32x4.mul(loadLanes(x + at, count - i), mask), count - i);
    counter = i32x4.add(counter, step);
  }
}
