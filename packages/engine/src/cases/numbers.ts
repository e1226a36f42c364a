/**
 * Repeatable numbers for the case lists.
 */

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Numbers in (-2, 2), a few of them exactly 0, -0, 1 and -1: where signs, boxes and steps change. */
export function reals(length: number, seed: number): Float32Array {
  const next = uniform(seed);
  const corners = [0, -0, 1, -1];
  return Float32Array.from({ length }, () => {
    const corner = Math.floor(next() * 64);
    const value = next() * 4 - 2;
    return corners[corner] ?? value;
  });
}

/** Whole numbers in [-4, 4]: sums of their products are exact in float32, in every order. */
export function integers(length: number, seed: number): Float32Array {
  const next = uniform(seed);
  return Float32Array.from({ length }, () => Math.floor(next() * 9) - 4);
}

/** Numbers in (0.1, 2). */
export function positives(length: number, seed: number): Float32Array {
  const next = uniform(seed);
  return Float32Array.from({ length }, () => 0.1 + 1.9 * next());
}

/** -1 and +1. */
export function signs(length: number, seed: number): Float32Array {
  const next = uniform(seed);
  return Float32Array.from({ length }, () => (next() < 0.5 ? -1 : 1));
}
