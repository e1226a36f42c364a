/**
 * Choosing the examples of a held-out set so that every class keeps its share.
 */
import { InputError } from '@surge-bnn/contract';
import { randomStream } from './random.js';
import type { ClassLabels } from './types.js';

/**
 * Picks `round(fraction * labels.length)` examples at random, from each class its share: the whole part
 * of fraction * size, and one more for the classes with the largest remainders until the total is met.
 *
 * @returns the positions of both parts, ascending.
 * @throws InputError unless 0 < fraction < 1.
 */
export function stratify(
  labels: ClassLabels,
  classCount: number,
  fraction: number,
  seed: number,
): { kept: Int32Array; held: Int32Array } {
  if (!(fraction > 0 && fraction < 1)) {
    throw new InputError(
      `the held-out fraction must lie between 0 and 1 (both excluded), got ${fraction}`,
    );
  }
  const members: number[][] = Array.from({ length: classCount }, () => []);
  labels.forEach((label, position) => members[label].push(position));

  const shares = members.map((list, label) => {
    const exact = fraction * list.length;
    return { label, size: Math.floor(exact), remainder: exact - Math.floor(exact) };
  });
  let open =
    Math.round(fraction * labels.length) - shares.reduce((sum, share) => sum + share.size, 0);
  // Ties go to the smaller class index, so that the choice is the same everywhere.
  const byRemainder = [...shares].sort((x, y) => y.remainder - x.remainder || x.label - y.label);
  for (const share of byRemainder) {
    if (open <= 0) break;
    share.size++;
    open--;
  }

  const isHeld = new Uint8Array(labels.length);
  for (const { label, size } of shares) {
    // A stream per class: a class more or less does not change the choice in the others.
    const order = randomStream(seed, 'held-out', label).permutation(members[label].length);
    for (let i = 0; i < size; i++) isHeld[members[label][order[i]]] = 1;
  }
  const kept: number[] = [];
  const held: number[] = [];
  isHeld.forEach((flag, position) => (flag === 1 ? held : kept).push(position));
  return { kept: Int32Array.from(kept), held: Int32Array.from(held) };
}
