import * as tf from '@tensorflow/tfjs-core';
import { BOP_STEP } from '@surge-bnn/contract';
import type { BopStepAttrs } from '@surge-bnn/contract';
import { bopStep } from '@surge-bnn/engine';
import { runStep, zeroSlots } from './optimizer.js';
import type { Optimizer } from './optimizer.js';

export interface BopOptions {
  /** Rate of the moving average of the gradient; the schedule multiplies it. */
  readonly gamma: number;
  /** How far the average must point along the weight before it flips. */
  readonly threshold: number;
}

/**
 * Bop (Helwegen et al. 2019): no latent weights. The parameter is the sign itself.
 *
 *     m' = m + gamma (gradient - m);  w' = w m' > threshold ? -w : w
 */
export function bop({ gamma, threshold }: BopOptions): Optimizer {
  const slots = ['momentum'] as const;
  return {
    name: 'bop',
    slots,
    learningRate: gamma,
    init: (parameter) => zeroSlots(slots, parameter),
    // sign(v) = -1 iff v < 0, as everywhere in this project; tf.sign maps 0 to 0.
    prepare: (parameter) =>
      tf.tidy(() => tf.where(tf.less(parameter, 0), tf.scalar(-1), tf.scalar(1))),
    update({ parameter, gradient, state, factor = 1 }) {
      const attrs: BopStepAttrs = { gamma: gamma * factor, threshold };
      return runStep(
        {
          kernel: BOP_STEP,
          inputs: { parameter, gradient, momentum: state.momentum },
          attrs,
          reference: ([w, g, m], [newW, newM]) => bopStep(w, g, m, newW, newM, attrs),
        },
        slots,
      );
    },
  };
}
