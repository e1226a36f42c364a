/** BERT's initial weights: a normal distribution of deviation 0.02, cut at two deviations. */
import * as tfl from '@tensorflow/tfjs-layers';

export const DEVIATION = 0.02;

export function smallNormal(seed: number | undefined) {
  return tfl.initializers.truncatedNormal({ stddev: DEVIATION, seed });
}
