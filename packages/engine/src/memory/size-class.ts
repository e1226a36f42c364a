/**
 * The block sizes of the pool: four per power of two, so that at most a quarter of a block is waste, and
 * the shapes of one training run (last, smaller batch included) share few free lists.
 */

/** Every block size is a multiple of this, and so is every address. */
export const GRANULE = 64;

/** The smallest block size that holds `bytes`: g, 2g, 3g, 4g, then 5, 6, 7, 8, then 10, 12, 14, 16, ... granules. */
export function sizeClass(bytes: number): number {
  const granules = Math.ceil(bytes / GRANULE);
  if (granules <= 4) return Math.max(1, granules) * GRANULE;
  const step = 2 ** (Math.ceil(Math.log2(granules)) - 3);
  return Math.ceil(granules / step) * step * GRANULE;
}
