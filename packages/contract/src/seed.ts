/**
 * A seed of its own for each use of randomness, from the run's seed and the purpose ("init/conv2"): streams of
 * different purposes do not overlap, and adding one does not shift another.
 *
 * FNV-1a over the text, then a finaliser (murmur3's) so that neighbouring seeds differ in all bits.
 *
 * @returns an unsigned 32-bit integer.
 */
export function seedFor(seed: number, purpose: string): number {
  let h = 0x811c9dc5;
  for (const character of `${seed}/${purpose}`) {
    h = Math.imul(h ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
