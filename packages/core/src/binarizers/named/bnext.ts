/**
 * BNext (Guo et al. 2022, arXiv 2211.12933): weights that harden slowly.
 *
 *     weights clip(W / T, -1, 1), real, until T < 1e-7, from then on sign(W); dL/dW = G;  W within [-1.5, 1.5]
 *     inputs  sign(x + s), s learnable per channel; slope 1[|x + s| <= 1.5]
 *     T = 0.9^(epochs p): one tenth less with every epoch of a training of `epochs` epochs
 *
 * Traps. 0.9^n < 1e-7 from n = 153 on, so a training of fewer epochs never becomes binary and cannot be converted: `epochs` is the
 * length that the schedule is laid out for, 512 in the paper, and a shorter run goes through the same schedule faster. The
 * clip has no part in the backward: it is the identity in W, not 1/T. `shift: false` leaves s out, for a network that has a shift of its
 * own in front of each convolution (`reactnet-a` asks for it by itself).
 */
import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import type { Sides } from '../binarizer.js';
import { boxSurrogate, identitySurrogate } from '../surrogates.js';
import { shiftOf } from '../shift.js';
import type { ShiftOptions } from '../shift.js';
import { noTransform } from '../transforms.js';

export interface BNextOptions extends ShiftOptions {
  /** Epochs that the schedule is laid out for: T = 0.9^(epochs p). Default 512. */
  readonly epochs?: number;
}

const COLDEST = 1e-7;

export function bNext({ epochs = 512, shift = true }: BNextOptions = {}): Sides {
  if (typeof epochs !== 'number' || !(epochs > 0 && epochs < Infinity)) {
    throw new InputError(`epochs must be a number > 0, got ${JSON.stringify(epochs)}`);
  }
  const temperature = (p: number) => 0.9 ** (epochs * p);
  const source = 'BNext, arXiv 2211.12933';
  return {
    input: {
      name: 'bnext',
      transform: shiftOf(shift),
      surrogate: boxSurrogate(1.5),
      describe: {
        ...(shift
          ? {
              forward: 'sign(x + s), s learnable per channel',
              backward: 'g 1[|x + s| <= 1.5], also to s',
            }
          : { forward: 'sign(x)', backward: 'g 1[|x| <= 1.5]' }),
        schedule: 'none',
        source,
      },
    },
    weight: {
      name: 'bnext',
      transform: noTransform,
      surrogate: identitySurrogate,
      latentRange: [-1.5, 1.5],
      real: {
        name: 'clip(W / T, -1, 1)',
        appliesAt: (p) => temperature(p) >= COLDEST,
        value: (u, p) => tf.tidy(() => tf.clipByValue(tf.div(u, temperature(p)), -1, 1)),
      },
      describe: {
        forward: 'clip(W/T, -1, 1), then sign(W)',
        backward: 'g',
        schedule: `T = 0.9^(${epochs} p), real until T < 1e-7`,
        source,
      },
    },
  };
}
