/**
 * Which texts make a batch: texts of similar length, so that little is padding. The order is drawn, then cut into pools of several batches; each pool is
 * sorted by length and cut into batches, and the batches are drawn again. A text's neighbours thus change from epoch to epoch, and no length comes before the others.
 */
import { InputError } from '@surge-bnn/contract';
import { randomStream } from '../random.js';

export interface BucketOptions {
  /** Texts a batch; the last batch of an epoch may hold fewer. */
  readonly batchSize: number;
  /** Root of the order. */
  readonly seed: number;
  /** A new order each epoch (default), or the order of the set. */
  readonly shuffle?: boolean;
  /** Leave out an incomplete last batch. Default false. */
  readonly dropLast?: boolean;
  /** Batches that are sorted by length together; 1: batches of texts as the order has them. Default 50. */
  readonly pool?: number;
}

/** The same with its defaults, checked. */
export type BucketPlan = Required<BucketOptions>;

/** @throws InputError for an option out of range. */
export function planBuckets(options: BucketOptions): BucketPlan {
  const { batchSize, seed, shuffle = true, dropLast = false, pool = 50 } = options;
  for (const [name, value] of Object.entries({ batchSize, pool })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new InputError(`${name} must be an integer of at least 1, got ${value}`);
    }
  }
  if (!Number.isFinite(seed)) throw new InputError(`seed must be a finite number, got ${seed}`);
  return { batchSize, seed, shuffle, dropLast, pool };
}

export function bucketsPerEpoch(count: number, { batchSize, dropLast }: BucketPlan): number {
  return dropLast ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
}

/**
 * The batches of an epoch: indices into `lengths`. Every text comes once; with `dropLast` those that the drawn order has at its end are left out,
 * whatever their lengths. An incomplete batch is the last one.
 */
export function drawBuckets(
  lengths: ArrayLike<number>,
  epoch: number,
  plan: BucketPlan,
): readonly Int32Array[] {
  const { batchSize, seed, shuffle, pool } = plan;
  const count = lengths.length;
  const order = shuffle
    ? randomStream(seed, 'text order', epoch).permutation(count)
    : Int32Array.from({ length: count }, (_, i) => i);
  const used = Math.min(count, bucketsPerEpoch(count, plan) * batchSize);
  const batches: Int32Array[] = [];
  for (let from = 0; from < used; from += pool * batchSize) {
    const part = order.slice(from, Math.min(used, from + pool * batchSize));
    // Sorting is stable: equally long texts keep the drawn order. The longest come first, so that the incomplete batch has the shortest.
    if (pool > 1) part.sort((i, j) => lengths[j] - lengths[i]);
    for (let at = 0; at < part.length; at += batchSize) {
      batches.push(part.subarray(at, at + batchSize));
    }
  }
  if (!shuffle) return batches;
  const whole = Math.floor(used / batchSize);
  const drawn = randomStream(seed, 'text batches', epoch).permutation(whole);
  return [...Array.from(drawn, (i) => batches[i]), ...batches.slice(whole)];
}
