/**
 * BiPer (Vargas et al. 2024, arXiv 2404.01278): the sign of a wave. Stage 1 trains with its real values, stage 2 with its signs.
 *
 *     stage 1  weights sin(omega W);        loss += tau sum over layers of mean sin^2(omega W)
 *     stage 2  weights sign(sin(omega W))
 *     either   dL/dW = G omega cos(omega W);  inputs as in ReCU
 *     omega = 20, tau = 0.037
 *
 * One run can hold both: the weights are real while p < realUntil, and with realUntil 1 to the end. The authors train 600 epochs of stage 1 and 300 of stage 2 with
 * learning rates of their own, which are realUntil 1 in the one run and 0 in the other, started from the weights of the first.
 *
 * Traps. Clipping or decaying W moves the sign to and fro, every pi / 20. A network in stage 1 is not binary and cannot be converted. The
 * authors multiply by a learnable number per output channel: `scale: 'learnable'`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import type { Sides } from '../binarizer.js';
import { identitySurrogate } from '../surrogates.js';
import { sine } from '../transforms.js';
import type { LearnableScaleOptions } from './recu.js';
import { chosenScale, reCU } from './recu.js';

export interface BiPerOptions extends LearnableScaleOptions {
  /** Stage 1 while p < realUntil: 1 for stage 1 alone, its end included, 0 for stage 2 alone. Default 2/3. */
  readonly realUntil?: number;
  /** Angular frequency of the wave. Default 20. */
  readonly omega?: number;
  /** Weight of stage 1's loss term; 0 leaves it out. Default 0.037. */
  readonly tau?: number;
}

export function biPer(options: BiPerOptions = {}): Sides {
  const { realUntil = 2 / 3, omega = 20, tau = 0.037 } = options;
  check('realUntil', realUntil, 0, 1);
  check('omega', omega, Number.MIN_VALUE, 1e6);
  check('tau', tau, 0, 1e6);
  // At p = 1 the training is over: stage 1 alone stays stage 1.
  const isReal = (p: number) => p < realUntil || realUntil === 1;
  const wave = sine(omega);
  const source = 'BiPer, arXiv 2404.01278';
  return {
    input: {
      ...reCU().input,
      name: 'biper',
      describe: { ...reCU().input.describe, source },
    },
    weight: {
      name: 'biper',
      transform: wave,
      surrogate: identitySurrogate,
      ...chosenScale(options),
      real: { name: 'the wave itself', appliesAt: isReal, value: (u) => u.clone() },
      ...(tau === 0
        ? {}
        : {
            penalty: {
              name: 'mean square of the wave',
              appliesAt: isReal,
              value: (latent, p) =>
                tf.tidy(() =>
                  tf.mul<tf.Scalar>(tf.mean(tf.square(wave.forward(latent, [], p))), tau),
                ),
            },
          }),
      describe: {
        forward: `sin(${omega} W), then its sign`,
        backward: `g ${omega} cos(${omega} W)`,
        schedule: realUntil === 1 ? 'real' : `real while p < ${Number(realUntil.toPrecision(3))}`,
        source,
      },
    },
  };
}

function check(name: string, value: unknown, low: number, high: number): void {
  if (typeof value === 'number' && value >= low && value <= high) return;
  throw new InputError(
    `${name} must be a number from ${low} to ${high}, got ${JSON.stringify(value)}`,
  );
}
