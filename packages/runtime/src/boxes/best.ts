/**
 * Orders of scores, the same on every machine: the best first, and of equal ones the one that stands first. With typed arrays alone,
 * because a stranger's file says how many scores there are, and what they take is counted before.
 */
import { NotFiniteError } from './not-finite.js';

/** Bytes that `bestFirst` takes for the best `count` of some scores: scores in order, places, and keys to sort by. */
export function bestFirstBytes(scores: number, count = scores): number {
  return (count < scores ? 4 * scores : 0) + (4 + 8) * Math.min(count, scores);
}

/**
 * The places of the `count` largest scores (all, where there are fewer), best first.
 * @throws NotFiniteError for a score that is NaN, which has no place in an order.
 */
export function bestFirst(scores: Float32Array, count = scores.length): Int32Array {
  const nan = scores.findIndex(Number.isNaN);
  if (nan >= 0) throw new NotFiniteError(`score ${nan} is NaN`);
  return sorted(scores, largest(scores, count));
}

/** The places of the `count` largest scores, from the first one on. Sorting bare numbers is an order of magnitude faster than sorting places. */
function largest(scores: Float32Array, count: number): Int32Array {
  if (count <= 0) return new Int32Array(0);
  if (count >= scores.length) {
    const all = new Int32Array(scores.length);
    for (let i = 0; i < all.length; i++) all[i] = i;
    return all;
  }
  const least = scores.slice().sort()[scores.length - count];
  const above = scores.reduce((sum, score) => sum + (score > least ? 1 : 0), 0);
  const places = new Int32Array(count);
  let equals = count - above;
  for (let i = 0, at = 0; at < count; i++) {
    if (scores[i] > least || (scores[i] === least && equals-- > 0)) places[at++] = i;
  }
  return places;
}

/** Where the upper half of 64 bits lies among words of 32. */
const upper = new Uint8Array(Uint32Array.of(1).buffer)[0];

/**
 * In place. A key is 64 bits: above the place stands the score, as an unsigned integer that falls as the score grows. Bits of a float
 * that is not negative grow with it and those of a negative one fall, so all bits are turned but the sign of the former, none of the latter.
 */
function sorted(scores: Float32Array, places: Int32Array): Int32Array {
  const keys = new BigUint64Array(places.length);
  const words = new Uint32Array(keys.buffer);
  const value = new Float32Array(1);
  const bits = new Int32Array(value.buffer);
  places.forEach((place, i) => {
    // Of two zeros the one that is not negative: they are equal.
    value[0] = scores[place] + 0;
    words[2 * i + upper] = bits[0] >= 0 ? ~bits[0] & 0x7fffffff : bits[0];
    words[2 * i + 1 - upper] = place;
  });
  keys.sort();
  for (let i = 0; i < places.length; i++) places[i] = words[2 * i + 1 - upper];
  return places;
}
