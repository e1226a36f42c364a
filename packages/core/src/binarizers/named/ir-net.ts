/**
 * IR-Net (Qin et al. 2020, arXiv 1909.10788): balanced weights and the error decay estimator.
 *
 *     v = (W - mean_c) / std_c               per filter, the unbiased std, nothing added to it
 *     weights 2^s_c sign(v), s_c = round(log2 mean_c |v|)
 *     inputs  sign(x)
 *     slope of either sign at u: K t (1 - tanh(t u)^2),  t = 10^(start + (end - start) p),  K = max(1/t, 1)
 *
 * The power of two is a constant in backward but a factor of the gradient at sign(v); that passes the slope and then the
 * normalisation, which is not detached.
 *
 * Traps. `start` belongs to the network, not to the method: -3 in the authors' ResNet-20, -1 in their VGG-Small (and in ResNet-20 with
 * binary weights only). From -3 the first three quarters of a training are the identity in all but name. A constant filter has std 0 and is
 * an error; so is a filter of one weight. The authors keep t outside the state dict: a resumed run starts at the wrong t.
 * Here t is a function of p.
 */
import { InputError } from '@surge-bnn/contract';
import type { Progress, Sides } from '../binarizer.js';
import { powerOfTwoScale } from '../scales.js';
import { tanhSurrogate } from '../surrogates.js';
import { noTransform, unbiasedStandard } from '../transforms.js';

export interface ErrorDecayOptions {
  /** log10 of t at p = 0. Default -3. */
  readonly start?: number;
  /** log10 of t at p = 1. Default 1. */
  readonly end?: number;
}

export const errorDecayKeys = ['start', 'end'] as const;

/** t of the progress. @throws InputError for exponents that are no numbers within [-10, 10]. */
export function errorDecay({ start = -3, end = 1 }: ErrorDecayOptions): (p: Progress) => number {
  for (const [name, value] of Object.entries({ start, end })) {
    if (typeof value === 'number' && Math.abs(value) <= 10) continue;
    throw new InputError(
      `${name} is the exponent of ten of t, a number from -10 to 10, got ${JSON.stringify(value)}`,
    );
  }
  return (p) => 10 ** (start + (end - start) * p);
}

export function irNet(options: ErrorDecayOptions = {}): Sides {
  const { start = -3, end = 1 } = options;
  const surrogate = tanhSurrogate(errorDecay(options));
  const shared = {
    backward: 'g K t (1 - tanh(t u)^2), K = max(1/t, 1)',
    schedule: `t = 10^(${start} + ${end - start} p)`,
    source: 'IR-Net, arXiv 1909.10788',
  };
  return {
    input: {
      name: 'ir-net',
      transform: noTransform,
      surrogate,
      describe: { forward: 'sign(x)', ...shared },
    },
    weight: {
      name: 'ir-net',
      transform: unbiasedStandard,
      surrogate,
      scale: powerOfTwoScale,
      describe: { forward: '2^s sign(v), v = (W - mean)/std per filter', ...shared },
    },
  };
}
