/**
 * From a chain of float functions behind an exact sum to one integer comparison.
 *
 * Between the sum d of a binary layer and the next sign stand functions of one number: a scale, batch norm a x + b, an
 * activation, and possibly max pools. d is an integer in [-K, K], with K products. So the sign is a function of 2K + 1
 * integers per channel, which is found by evaluating the float32 chain, rounding included, at every one of them. A
 * monotone chain changes its sign at most once, and then
 *
 *     sign(f(d)) = +1  iff  (d >= t) != flip
 *
 * with the same t for every d, whatever the rounding did. Padding with 0 makes border sums smaller and of another
 * parity, but they stay in [-K, K], where all integers were tried. A chain that changes sign twice (an activation
 * with a negative slope) has no such t and stays in float.
 *
 * Max pools on the way. With g the sign of the rest of the chain, as a function of the pooled number: if g never falls
 * on the values v that can arrive, g(max v) = max g(v), so the pool may work on signs; if it never rises,
 * g(max v) = min g(v), and the channel's pool takes the minimum. (A sign that is the same for all is both.)
 */
import type { Element } from './element.js';

/** A node of the chain, from the sum on. */
export type ChainLink =
  { readonly kind: 'element'; readonly f: Element } | { readonly kind: 'maxPool' };

export interface ChannelThreshold {
  readonly threshold: number;
  readonly flip: boolean;
  /** For each pool of the chain: whether this channel takes the minimum of its signs. */
  readonly poolMinimum: readonly boolean[];
}

/** Why a chain has no threshold. */
export type NoThreshold = 'not monotone' | 'not a number';

/**
 * The threshold of one channel.
 * @param largest K, the largest |d|.
 */
export function channelThreshold(
  chain: readonly ChainLink[],
  largest: number,
  channel: number,
): ChannelThreshold | NoThreshold {
  const count = 2 * largest + 1;
  const values = Float32Array.from({ length: count }, (_, i) => i - largest);
  const arriving: Float32Array[] = [];
  for (const link of chain) {
    if (link.kind === 'maxPool') {
      arriving.push(values.slice());
      continue;
    }
    for (let i = 0; i < count; i++) values[i] = link.f(values[i], channel);
  }
  let changes = 0;
  let changesAt = 0;
  for (let i = 0; i < count; i++) {
    if (Number.isNaN(values[i])) return 'not a number';
    if (i === 0 || values[i] < 0 === values[i - 1] < 0) continue;
    changes += 1;
    changesAt = i;
  }
  if (changes > 1) return 'not monotone';
  const poolMinimum: boolean[] = [];
  for (const pooled of arriving) {
    const direction = directionOn(pooled, values);
    if (direction === undefined) return 'not monotone';
    poolMinimum.push(direction === 'falls');
  }
  const startsPositive = !(values[0] < 0);
  if (changes === 1) return { threshold: changesAt - largest, flip: startsPositive, poolMinimum };
  // Never changes: below or above everything that can come.
  return { threshold: startsPositive ? -largest : largest + 1, flip: false, poolMinimum };
}

/**
 * Whether the sign of the results, as a function of the values, never falls or never rises; undefined when it does both.
 */
function directionOn(values: Float32Array, results: Float32Array): 'rises' | 'falls' | undefined {
  const positive = { least: Infinity, most: -Infinity };
  const negative = { least: Infinity, most: -Infinity };
  values.forEach((value, i) => {
    const side = results[i] < 0 ? negative : positive;
    side.least = Math.min(side.least, value);
    side.most = Math.max(side.most, value);
  });
  if (negative.most < positive.least) return 'rises';
  if (positive.most < negative.least) return 'falls';
  return undefined;
}
