/**
 * ReCU (Xu et al. 2021, arXiv 2103.12369): latent weights that lie far out are brought back to a quantile.
 *
 *     u = 2 sqrt(2) (W - mean_c) / sqrt(var_c + 1e-5)      per filter, unbiased variance
 *     v = clip(u, -Q, Q),  Q = -ln(2 - 2 tau) mean |u|      mean over the whole layer, Q a constant in backward
 *     weights sign(v), slope 1; 0 where |u| > Q; then through standard deviation and mean
 *     inputs  sign(y), y = x / sqrt(var + 1e-5), unbiased, of each sample over all its entries; slope max(0, 2 - 2|y|), then through the division
 *     tau = A exp(p) + B, from 0.85 at p = 0 to 0.99 at p = 1
 *
 * -ln(2 - 2 tau) b is the tau-quantile of a Laplace law of scale b.
 *
 * Traps. Mean and variance are per filter, mean |u| is per layer. The clip changes no sign: all its effect is on the gradient. Nor does
 * the division of the inputs, which the authors do in training only and which here no forward does at all. The authors also multiply
 * by a learnable number per output channel, drawn from (0, 1): the option `scale: 'learnable'`; a batch norm behind absorbs it.
 */
import { InputError } from '@surge-bnn/contract';
import type { Binarizer, Sides } from '../binarizer.js';
import { learnableScale } from '../scales.js';
import { identitySurrogate, quadraticSurrogate } from '../surrogates.js';
import { clipToQuantile, divideBySampleDeviation, standardize } from '../transforms.js';

export interface LearnableScaleOptions {
  /** 'learnable': a factor per output channel, as in the authors' code. Default 'none'. */
  readonly scale?: 'none' | 'learnable';
}

/** The scale rule that the option asks for. @throws InputError for anything but its two words. */
export function chosenScale({ scale = 'none' }: LearnableScaleOptions): Pick<Binarizer, 'scale'> {
  if (scale === 'none') return {};
  if (scale === 'learnable') return { scale: learnableScale };
  throw new InputError(`scale must be 'none' or 'learnable', got ${JSON.stringify(scale)}`);
}

export interface ReCUOptions extends LearnableScaleOptions {
  /** tau at p = 0. Default 0.85. */
  readonly start?: number;
  /** tau at p = 1. Default 0.99. */
  readonly end?: number;
}

export function reCU(options: ReCUOptions = {}): Sides {
  const { start = 0.85, end = 0.99 } = options;
  for (const [name, value] of Object.entries({ start, end })) {
    if (typeof value === 'number' && value > 0.5 && value < 1) continue;
    throw new InputError(
      `${name} is a quantile tau, a number above 0.5 and below 1, got ${JSON.stringify(value)}`,
    );
  }
  const a = (end - start) / (Math.E - 1);
  const tau = (p: number) => a * (Math.exp(p) - 1) + start;
  const standardized = standardize({ unbiased: true, epsilon: 1e-5, factor: 2 * Math.SQRT2 });
  const source = 'ReCU, arXiv 2103.12369';
  return {
    input: {
      name: 'recu',
      transform: divideBySampleDeviation(1e-5),
      surrogate: quadraticSurrogate,
      describe: {
        forward: 'sign(x)',
        backward: 'g max(0, 2 - 2|y|), y = x/std of the sample',
        schedule: 'none',
        source,
      },
    },
    weight: {
      name: 'recu',
      transform: clipToQuantile(standardized, (p) => -Math.log(2 - 2 * tau(p))),
      surrogate: identitySurrogate,
      ...chosenScale(options),
      describe: {
        forward: `${options.scale === 'learnable' ? 'a ' : ''}sign(W - mean), mean per filter`,
        backward: 'g 1[|u| <= Q], u standardised, through its mean and std',
        schedule: `tau from ${start} to ${end} as exp(p), Q = -ln(2 - 2 tau) mean|u|`,
        source,
      },
    },
  };
}
