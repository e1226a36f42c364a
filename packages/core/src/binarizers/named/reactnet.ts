/**
 * ReActNet (Liu et al. 2020, arXiv 2003.03488): RSign, sign(x + s) with a learnable s per input channel; weights as in
 * Bi-Real Net. Its activation RPReLU is `layers.rprelu`.
 *
 *     dL/dx = g max(0, 2 - 2|x + s|),    dL/ds = sum of that over batch and positions
 *
 * Traps. The paper writes sign(x - alpha) (equation 3), the authors' code adds a bias: s = -alpha. With padding by 0 the code pads
 * after the sign, so a border is 0 and not sign(s). Two stages: binary inputs with float weights first (`weights: 'real'`: W
 * itself, slope 1), then both; the second begins with the weights of the first. Two shifts in a row are one too many: with `shift: false`
 * the inputs are sign(x), for a network that has the shift in front of each convolution, as `reactnet-a` has and takes care of.
 */
import { InputError } from '@surge-bnn/contract';
import type { Binarizer, Sides } from '../binarizer.js';
import { identitySurrogate, quadraticSurrogate } from '../surrogates.js';
import { shiftOf } from '../shift.js';
import type { ShiftOptions } from '../shift.js';
import { noTransform } from '../transforms.js';
import { biReal } from './bi-real.js';

export interface ReActNetOptions extends ShiftOptions {
  /** 'real' is the first stage: W itself, which cannot be converted. Default 'binary'. */
  readonly weights?: 'binary' | 'real';
}

const source = 'ReActNet, arXiv 2003.03488';

const realWeights: Binarizer = {
  name: 'reactnet',
  transform: noTransform,
  surrogate: identitySurrogate,
  real: { name: 'the weights themselves', appliesAt: () => true, value: (u) => u.clone() },
  describe: { forward: 'W', backward: 'g', schedule: 'none', source },
};

export function reActNet({ weights = 'binary', shift = true }: ReActNetOptions = {}): Sides {
  if (weights !== 'binary' && weights !== 'real') {
    throw new InputError(`weights must be 'binary' or 'real', got ${JSON.stringify(weights)}`);
  }
  return {
    input: {
      name: 'reactnet',
      transform: shiftOf(shift),
      surrogate: quadraticSurrogate,
      describe: {
        ...(shift
          ? {
              forward: 'sign(x + s), s learnable per channel',
              backward: 'g max(0, 2 - 2|x + s|), also to s',
            }
          : { forward: 'sign(x)', backward: 'g max(0, 2 - 2|x|)' }),
        schedule: 'none',
        source,
      },
    },
    weight:
      weights === 'real'
        ? realWeights
        : {
            ...biReal.weight,
            name: 'reactnet',
            describe: { ...biReal.weight.describe, source },
          },
  };
}
