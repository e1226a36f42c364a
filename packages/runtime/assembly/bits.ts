/** Bits in 32-bit words: src/kernels/bits.ts. */

/** The lowest `count` bits of a word, 1 <= count <= 32. */
export function lowBits(count: i32): u32 {
  return (<u32>0xffffffff) >>> (32 - count);
}

/** Copies `count` bits from bit `bit` of `source` to bit `toBit` of `target` and on; all are 0 there. */
export function copyBits(source: usize, bit: i32, target: usize, toBit: i32, count: i32): void {
  let from = source + ((<usize>(bit >>> 5)) << 2);
  let shift = bit & 31;
  let to = target + ((<usize>(toBit >>> 5)) << 2);
  let place = toBit & 31;
  for (let left = count; left > 0;) {
    const taken = min(min(32 - shift, 32 - place), left);
    const bits = (load<u32>(from) >>> shift) & lowBits(taken);
    store<u32>(to, load<u32>(to) | (bits << place));
    left -= taken;
    shift += taken;
    place += taken;
    if (shift == 32) {
      shift = 0;
      from += 4;
    }
    if (place == 32) {
      place = 0;
      to += 4;
    }
  }
}

/** Sets `count` bits from bit `bit` on. */
export function setBits(target: usize, bit: i32, count: i32): void {
  const end = bit + count;
  for (let at = bit; at < end;) {
    const shift = at & 31;
    const taken = min(32 - shift, end - at);
    const to = target + ((<usize>(at >>> 5)) << 2);
    store<u32>(to, load<u32>(to) | (lowBits(taken) << shift));
    at += taken;
  }
}
