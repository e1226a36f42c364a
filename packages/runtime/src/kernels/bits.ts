/**
 * Bits in 32-bit words: bit i of a row is bit i % 32 of its word floor(i / 32). On edges each position (all axes but the
 * last) is a row of its own, one bit per channel, and the bits of its last word behind the last channel are 0.
 */

/** Words that a row of `bits` bits takes. */
export function wordsFor(bits: number): number {
  return Math.ceil(bits / 32);
}

/** The lowest `count` bits of a word, 1 <= count <= 32. */
export function lowBits(count: number): number {
  return 0xffffffff >>> (32 - count);
}

/** The bits of word `word` of a row of `bits` bits that stand for something. */
export function usedBits(bits: number, word: number): number {
  return lowBits(Math.min(32, bits - 32 * word));
}

/** How many bits are 1: counted in fields of 2, then 4, then 8 bits, and the four bytes added by a product. */
export function popcount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/**
 * Bits of three words together. Added as one-bit numbers, in every place a + b + c = ones + 2 twos, so two words are counted
 * instead of three. A field of 4 bits holds at most 4 + 2 4 = 12, and each byte then at most 24.
 */
export function popcount3(a: number, b: number, c: number): number {
  const differ = a ^ b;
  const ones = differ ^ c;
  const twos = (a & b) | (differ & c);
  const one = ones - ((ones >>> 1) & 0x55555555);
  const two = twos - ((twos >>> 1) & 0x55555555);
  const fours =
    (one & 0x33333333) +
    ((one >>> 2) & 0x33333333) +
    (((two & 0x33333333) + ((two >>> 2) & 0x33333333)) << 1);
  return Math.imul((fours & 0x0f0f0f0f) + ((fours >>> 4) & 0x0f0f0f0f), 0x01010101) >>> 24;
}

/**
 * Copies `count` bits, from bit `bit` of source[word] to bit `toBit` of target[toWord] and on; all are 0 there. (Words
 * and bits apart, because a large picture has more than 2^32 bits.)
 */
export function copyBits(
  source: Uint32Array,
  word: number,
  bit: number,
  target: Uint32Array,
  toWord: number,
  toBit: number,
  count: number,
): void {
  let from = word + (bit >>> 5);
  let shift = bit & 31;
  let to = toWord + (toBit >>> 5);
  let place = toBit & 31;
  for (let left = count; left > 0;) {
    const taken = Math.min(32 - shift, 32 - place, left);
    target[to] |= ((source[from] >>> shift) & lowBits(taken)) << place;
    left -= taken;
    shift += taken;
    place += taken;
    if (shift === 32) {
      shift = 0;
      from += 1;
    }
    if (place === 32) {
      place = 0;
      to += 1;
    }
  }
}

/** Sets `count` bits from bit `bit` on. */
export function setBits(target: Uint32Array, bit: number, count: number): void {
  const end = bit + count;
  for (let at = bit; at < end;) {
    const place = at & 31;
    const taken = Math.min(32 - place, end - at);
    target[at >>> 5] |= lowBits(taken) << place;
    at += taken;
  }
}

/**
 * The same bits in rows of another length: a reshape. Each row has its own padding, so bits move.
 *
 * @param rows of x, with `length` bits each; those of out have `newLength`.
 */
export function regroupBits(
  x: Uint32Array,
  rows: number,
  length: number,
  out: Uint32Array,
  newLength: number,
): void {
  out.fill(0);
  let toWord = 0;
  let toBit = 0;
  for (let row = 0; row < rows; row++) {
    for (let done = 0; done < length;) {
      const count = Math.min(length - done, newLength - toBit);
      copyBits(x, row * wordsFor(length), done, out, toWord, toBit, count);
      done += count;
      toBit += count;
      if (toBit === newLength) {
        toBit = 0;
        toWord += wordsFor(newLength);
      }
    }
  }
}
