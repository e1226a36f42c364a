/**
 * Seeded random numbers: the one source of randomness of a run. A stream is named by what it is for,
 * so adding a consumer never moves the numbers of another one, and a resumed run needs no saved state.
 *
 * Generator: xoshiro128** 1.1 (Blackman and Vigna, public domain), 32-bit integer arithmetic only, so
 * the same bits on every machine. Not for secrets.
 */
import { InputError } from '@surge-bnn/contract';

/**
 * The stream of (seed, purpose, numbers): `randomStream(7, 'order', epoch)`. Equal arguments give equal
 * streams; any difference gives an unrelated one. `seed` and `numbers` may be any finite numbers.
 *
 * @throws InputError when a number is not finite.
 */
export function randomStream(seed: number, purpose: string, ...numbers: number[]): RandomStream {
  const hash = new SeedHash();
  hash.addNumber(seed);
  // The length first, so that no purpose plus number can spell another purpose.
  hash.addWord(purpose.length);
  for (let i = 0; i < purpose.length; i++) hash.addWord(purpose.charCodeAt(i));
  for (const number of numbers) hash.addNumber(number);
  return new RandomStream(hash.words());
}

/** A stream of random numbers; made by `randomStream`. */
export class RandomStream {
  private a: number;
  private b: number;
  private c: number;
  private d: number;
  /** The second number of the last Box-Muller pair. */
  private spare: number | undefined;

  /** From four 32-bit words, not all zero. */
  constructor(state: readonly [number, number, number, number]) {
    [this.a, this.b, this.c, this.d] = state;
    if ((this.a | this.b | this.c | this.d) === 0) {
      // The all-zero state is the generator's only fixed point.
      throw new InputError('the state of a random stream must not be all zero');
    }
  }

  /** An integer in 0 .. 2^32 - 1, all equally likely. */
  nextUint32(): number {
    const product = Math.imul(this.b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= shifted;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** A number in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** A number from the standard normal distribution (Box-Muller). */
  normal(): number {
    if (this.spare !== undefined) {
      const value = this.spare;
      this.spare = undefined;
      return value;
    }
    // 1 - uniform() lies in (0, 1]: the logarithm of zero cannot happen.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /**
   * An integer in 0 .. n - 1, all exactly equally likely.
   *
   * @throws InputError unless n is an integer in 1 .. 2^32.
   */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new InputError(`integer(n) needs an integer n in 1 .. 2^32, got ${n}`);
    }
    // Draws beyond the last whole multiple of n would favour the small results.
    const limit = 2 ** 32 - (2 ** 32 % n);
    let draw = this.nextUint32();
    while (draw >= limit) draw = this.nextUint32();
    return draw % n;
  }

  /** 0 .. n - 1 in random order, all orders equally likely (Fisher-Yates). */
  permutation(n: number): Int32Array {
    if (!Number.isInteger(n) || n < 0 || n >= 2 ** 31) {
      throw new InputError(`permutation(n) needs an integer n in 0 .. 2^31 - 1, got ${n}`);
    }
    const order = new Int32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }
}

/**
 * Four 32-bit lanes with different constants, each stepped as splitmix32: add an odd constant, then a
 * bijective mix. Each lane sees every word, so two inputs collide only if all four lanes do.
 */
class SeedHash {
  private readonly lanes = new Uint32Array([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]);
  private readonly number = new DataView(new ArrayBuffer(8));

  addWord(word: number): void {
    for (let i = 0; i < 4; i++) {
      this.lanes[i] = mix((this.lanes[i] ^ word) + GAMMAS[i]);
    }
  }

  addNumber(value: number): void {
    if (!Number.isFinite(value)) {
      throw new InputError(`a random stream needs finite numbers as its seed, got ${value}`);
    }
    this.number.setFloat64(0, value === 0 ? 0 : value); // -0 and 0 are one seed
    this.addWord(this.number.getUint32(0));
    this.addWord(this.number.getUint32(4));
  }

  words(): [number, number, number, number] {
    // A zero word absorbed twice more: the last input has then passed three mixes.
    this.addWord(0);
    this.addWord(0);
    const [a, b, c, d] = this.lanes;
    return [a, b, c, (a | b | c | d) === 0 ? 1 : d];
  }
}

/** Odd constants, so that repeated adding visits all 2^32 values. */
const GAMMAS = [0x9e3779b9, 0xbb67ae85, 0x3c6ef373, 0xa54ff53b];

/** The finaliser of MurmurHash3: every input bit changes every output bit with probability 1/2. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
