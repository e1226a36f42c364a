/**
 * A few of a picture's candidates for the loss, as many positive ones as there are up to a share and negative ones for the rest
 * (Faster R-CNN, arXiv 1506.01497, 3.1.3): background would drown the objects otherwise.
 */
import { BACKGROUND } from './matcher.js';

export interface SampleOptions {
  /** How many candidates of a picture the loss sees at most. */
  readonly size: number;
  /** Largest share of positive ones in `size`. */
  readonly positiveShare: number;
}

/** A seeded stream of numbers in [0, 1), as RandomStream.uniform of @surge-bnn/data. */
export type Uniform = () => number;

export interface Sample {
  /** Places of the candidates drawn, ascending. */
  readonly positive: Int32Array;
  readonly negative: Int32Array;
}

/** @param matches what the matcher says of each candidate; BETWEEN is never drawn. */
export function balancedSample(
  matches: Int32Array,
  { size, positiveShare }: SampleOptions,
  uniform: Uniform,
): Sample {
  const positive: number[] = [];
  const negative: number[] = [];
  matches.forEach((match, i) => {
    if (match >= 0) positive.push(i);
    else if (match === BACKGROUND) negative.push(i);
  });
  const most = Math.floor(size * positiveShare);
  const drawn = someOf(positive, Math.min(most, size), uniform);
  return { positive: drawn, negative: someOf(negative, size - drawn.length, uniform) };
}

/** `count` of the places, all subsets equally likely (the first steps of a Fisher-Yates shuffle). */
function someOf(places: number[], count: number, uniform: Uniform): Int32Array {
  if (count >= places.length) return Int32Array.from(places);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(uniform() * (places.length - i));
    [places[i], places[j]] = [places[j], places[i]];
  }
  return Int32Array.from(places.slice(0, count)).sort();
}
