/** How large numbers get: the largest |x| seen, or what a share of them does not exceed. */

const bitsOf = new Uint32Array(1);
const floatOf = new Float32Array(bitsOf.buffer);

/** |x| by sign, exponent and 7 bits of fraction: float32 numbers without their lower 16 bits. */
const buckets = 2 ** 15;

/** Takes numbers in any order and any number of them; what it tells does not depend on the order. */
export class ValueRange {
  private largest = 0;
  private count = 0;
  private readonly counts = new Float64Array(buckets);

  /** @returns the first number that is not finite, if there is one; it is not counted. */
  add(values: Float32Array): number | undefined {
    for (const value of values) {
      const size = Math.abs(value);
      if (!(size < Infinity)) return value;
      if (size > this.largest) this.largest = size;
      floatOf[0] = size;
      this.counts[bitsOf[0] >>> 16] += 1;
    }
    this.count += values.length;
    return undefined;
  }

  /** The largest |x| at 100 %; else the one that `percentile` % do not exceed, by rank, rounded up to 8 significant bits. */
  limit(percentile: number): number {
    if (percentile >= 100) return this.largest;
    const rank = Math.max(1, Math.ceil((percentile / 100) * this.count));
    let seen = 0;
    let bucket = 0;
    while (seen < rank && bucket < buckets) seen += this.counts[bucket++];
    // Where the bucket of that rank ends; the first one, of zeros and next to nothing, stands for 0.
    bitsOf[0] = bucket <= 1 ? 0 : bucket << 16;
    return Math.min(this.largest, floatOf[0]);
  }
}
