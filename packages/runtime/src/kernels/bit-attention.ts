/**
 * Attention on bits (bit 1 is -1): the score of a query and a key is d - 2 popcount(q ^ k), d being the channels of a head, exact; what it weights
 * the values with is 0 or 1, so that a sum of values is popcount(A) - 2 popcount(A & v), with the values turned: a row of bits for each channel, one bit for
 * each key. Two rules say which keys take part:
 *
 *     BiBERT    score >= 0, that is 2 n <= d with n = popcount(q ^ k)
 *     BiT       p >= least,  p_j = round(e_j / Z),  e_j = exp(-round(factor (m - s_j))),  m the largest score of the query, Z the sum of the e_j in f64
 *               in the order of the keys. m - s_j = 2 (n_j - the least n) has d + 1 values: the e_j are a table.
 */
import type { AttentionShape } from './attention.js';
import { copyBits, popcount, wordsFor } from './bits.js';
import { exp } from './exp.js';

/**
 * Which keys take part.
 *
 * @param differing popcount(q ^ k) for each key.
 * @param out a bit for each key; all are 0.
 */
export type ChooseKeys = (differing: Int32Array, out: Uint32Array) => void;

/** Keys whose score is not negative. */
export function notNegative({ width, heads }: AttentionShape): ChooseKeys {
  const most = Math.floor(width / heads / 2);
  return (differing, out) => {
    for (let j = 0; j < differing.length; j++) {
      out[j >>> 5] |= Number(differing[j] <= most) << (j & 31);
    }
  };
}

/** e by (n - the least n): exp(-round(2 factor i)) for i from 0 to d. */
export function exponentials({ width, heads }: AttentionShape, factor: number): Float64Array {
  const f = Math.fround(factor);
  return Float64Array.from({ length: width / heads + 1 }, (_, i) => exp(-Math.fround(2 * i * f)));
}

/** Keys whose softmax is `least` or more. @param table of `exponentials`. */
export function likely(table: Float64Array, least: number): ChooseKeys {
  const bound = Math.fround(least);
  return (differing, out) => {
    let fewest = Infinity;
    for (const n of differing) if (n < fewest) fewest = n;
    let sum = 0;
    for (const n of differing) sum += table[n - fewest];
    for (let j = 0; j < differing.length; j++) {
      const p = Math.fround(table[differing[j] - fewest] / sum);
      out[j >>> 5] |= Number(p >= bound) << (j & 31);
    }
  };
}

/** Bytes of bitAttention's scratch. */
export function bitAttentionScratchBytes(shape: AttentionShape): number {
  const { keys, width, heads } = shape;
  const rowWords = wordsFor(width / heads);
  return 4 * (wordsFor(keys) * (width + 1) + rowWords * (keys + 1) + keys);
}

/**
 * @param q [queries, width] of bits, each row in words of its own; k and v [keys, width].
 * @param out [queries, width].
 * @param scratch of bitAttentionScratchBytes; given, nothing is allocated.
 */
export function bitAttention(
  q: Uint32Array,
  k: Uint32Array,
  v: Uint32Array,
  shape: AttentionShape,
  choose: ChooseKeys,
  out: Int32Array,
  scratch = new ArrayBuffer(bitAttentionScratchBytes(shape)),
): void {
  const { queries, keys, width, heads } = shape;
  const each = width / heads;
  const words = wordsFor(width);
  const rowWords = wordsFor(each);
  const keyWords = wordsFor(keys);
  let from = 0;
  const take = (count: number) => new Uint32Array(scratch, 4 * (from += count) - 4 * count, count);
  const turned = take(keyWords * width);
  const chosen = take(keyWords);
  const keyRows = take(rowWords * keys);
  const query = take(rowWords);
  const differing = new Int32Array(scratch, 4 * from, keys);
  turnBits(v, keys, width, turned);
  for (let head = 0; head < width; head += each) {
    keyRows.fill(0);
    for (let j = 0; j < keys; j++) copyBits(k, j * words, head, keyRows, j * rowWords, 0, each);
    for (let i = 0; i < queries; i++) {
      query.fill(0);
      copyBits(q, i * words, head, query, 0, 0, each);
      for (let j = 0; j < keys; j++) differing[j] = difference(query, keyRows, j * rowWords);
      chosen.fill(0);
      choose(differing, chosen);
      let count = 0;
      for (const word of chosen) count += popcount(word);
      for (let c = head; c < head + each; c++) {
        out[i * width + c] = count - 2 * common(chosen, turned, c * keyWords);
      }
    }
  }
}

function difference(a: Uint32Array, b: Uint32Array, from: number): number {
  let n = 0;
  for (let i = 0; i < a.length; i++) n += popcount(a[i] ^ b[from + i]);
  return n;
}

function common(a: Uint32Array, b: Uint32Array, from: number): number {
  let n = 0;
  for (let i = 0; i < a.length; i++) n += popcount(a[i] & b[from + i]);
  return n;
}

/** [rows, width] of bits to [width, rows]. */
function turnBits(x: Uint32Array, rows: number, width: number, out: Uint32Array): void {
  const words = wordsFor(width);
  const newWords = wordsFor(rows);
  out.fill(0);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < width; c++) {
      const bit = (x[row * words + (c >>> 5)] >>> (c & 31)) & 1;
      out[c * newWords + (row >>> 5)] |= bit << (row & 31);
    }
  }
}
