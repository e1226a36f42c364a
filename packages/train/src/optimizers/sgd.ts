import { SGD_STEP } from '@surge-bnn/contract';
import type { SgdStepAttrs } from '@surge-bnn/contract';
import { sgdStep } from '@surge-bnn/engine';
import { clipAttributes, runStep, zeroSlots } from './optimizer.js';
import type { Optimizer } from './optimizer.js';

export interface SgdOptions {
  readonly learningRate: number;
  /** Default 0. */
  readonly momentum?: number;
  /** Default false. */
  readonly nesterov?: boolean;
  /** L2: joins the gradient. Default 0. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent with momentum:
 *
 *     g = gradient + weightDecay w;  v' = momentum v + g
 *     w' = clip(w - learningRate (nesterov ? g + momentum v' : v'))
 */
export function sgd(options: SgdOptions): Optimizer {
  const { learningRate, momentum = 0, nesterov = false, weightDecay = 0 } = options;
  const slots = ['velocity'] as const;
  return {
    name: 'sgd',
    slots,
    learningRate,
    init: (parameter) => zeroSlots(slots, parameter),
    update({ parameter, gradient, state, factor = 1, clip }) {
      const attrs: SgdStepAttrs = {
        learningRate: learningRate * factor,
        momentum,
        nesterov,
        weightDecay,
        ...clipAttributes(clip),
      };
      return runStep(
        {
          kernel: SGD_STEP,
          inputs: { parameter, gradient, velocity: state.velocity },
          attrs,
          reference: ([w, g, v], [newW, newV]) => sgdStep(w, g, v, newW, newV, attrs),
        },
        slots,
      );
    },
  };
}
