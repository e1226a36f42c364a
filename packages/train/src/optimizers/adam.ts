import { ADAM_STEP } from '@surge-bnn/contract';
import type { AdamStepAttrs } from '@surge-bnn/contract';
import { adamStep } from '@surge-bnn/engine';
import { clipAttributes, runStep, zeroSlots } from './optimizer.js';
import type { Optimizer } from './optimizer.js';

export interface AdamOptions {
  readonly learningRate: number;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Default 0. */
  readonly weightDecay?: number;
}

/**
 * Adam; weight decay joins the gradient (L2).
 *
 *     m' = beta1 m + (1 - beta1) g;  v' = beta2 v + (1 - beta2) g^2
 *     w' = clip(w - learningRate (m' / (1 - beta1^t)) / (sqrt(v' / (1 - beta2^t)) + epsilon))
 */
export function adam(options: AdamOptions): Optimizer {
  return moments('adam', options, false);
}

/** AdamW: Adam on the plain gradient, and w is first multiplied by 1 - learningRate weightDecay. */
export function adamw(options: AdamOptions): Optimizer {
  return moments('adamw', options, true);
}

function moments(name: string, options: AdamOptions, decoupled: boolean): Optimizer {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const slots = ['first', 'second'] as const;
  return {
    name,
    slots,
    learningRate,
    init: (parameter) => zeroSlots(slots, parameter),
    update({ parameter, gradient, state, step, factor = 1, clip }) {
      const attrs: AdamStepAttrs = {
        learningRate: learningRate * factor,
        beta1,
        beta2,
        epsilon,
        step,
        weightDecay,
        decoupled,
        ...clipAttributes(clip),
      };
      return runStep(
        {
          kernel: ADAM_STEP,
          inputs: { parameter, gradient, first: state.first, second: state.second },
          attrs,
          reference: ([w, g, m, v], [newW, newM, newV]) =>
            adamStep(w, g, m, v, newW, newM, newV, attrs),
        },
        slots,
      );
    },
  };
}
