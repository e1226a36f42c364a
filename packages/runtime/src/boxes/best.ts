/** Orders of scores, the same on every machine: the best first, and of equal ones the one that stands first. */

/**
 * The places of the `count` largest scores (all, where there are fewer), best first.
 * @throws RangeError for a score that is NaN, which has no place in an order.
 */
export function bestFirst(scores: Float32Array, count = scores.length): Int32Array {
  const nan = scores.findIndex(Number.isNaN);
  if (nan >= 0) throw new RangeError(`score ${nan} is NaN`);
  return Int32Array.from(largest(scores, count)).sort((i, j) => scores[j] - scores[i] || i - j);
}

/** The places of the `count` largest scores, in no order. Sorting bare numbers is an order of magnitude faster than sorting places. */
function largest(scores: Float32Array, count: number): number[] {
  const places: number[] = [];
  if (count >= scores.length) {
    for (let i = 0; i < scores.length; i++) places.push(i);
    return places;
  }
  if (count <= 0) return places;
  const least = scores.slice().sort()[scores.length - count];
  let equals = count;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] > least) {
      places.push(i);
      equals--;
    }
  }
  for (let i = 0; i < scores.length && equals > 0; i++) {
    if (scores[i] === least) {
      places.push(i);
      equals--;
    }
  }
  return places;
}
