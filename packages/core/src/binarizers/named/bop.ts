/**
 * Bop (Helwegen et al. 2019, arXiv 1906.02107): no latent weights. The parameter is the sign itself, the optimizer flips it:
 *
 *     m <- m + gamma (G - m);   flip w iff w m > threshold
 *
 * The optimizer is the train package's `bop`, for the binary weights alone; this is the binarizer that goes with it: the sign of a sign,
 * slope 1, so that G arrives as it is.
 *
 * Traps. What a latent optimizer takes for a learning rate is nothing here: gamma (default 1e-4) is how fast the average forgets, threshold
 * (1e-8) how sure it must be. m points against the direction of descent, so a weight flips when it agrees with m.
 */
import type { Sides } from '../binarizer.js';
import { identity } from './identity.js';
import { ste } from './ste.js';

const source = 'Bop, arXiv 1906.02107';

export const bop: Sides = {
  input: { ...ste, name: 'bop', describe: { ...ste.describe, source } },
  weight: {
    ...identity,
    name: 'bop',
    describe: {
      forward: 'w, which is a sign',
      backward: 'g, to the optimizer bop',
      schedule: 'none',
      source,
    },
  },
};
