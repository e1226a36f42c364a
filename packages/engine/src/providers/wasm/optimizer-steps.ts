/**
 * Optimizer steps: what depends on the attributes alone is computed here in float64, once per call.
 */
import type { LatentClip } from '@surge-bnn/contract';
import type { Kernels } from '../provider.js';
import type { Engine } from './instance.js';
import { partsOf } from './threads/parts.js';

type OptimizerKernels = Pick<Kernels, 'sgdStep' | 'adamStep' | 'bopStep'>;

function bounds({ clipMin = -Infinity, clipMax = Infinity }: LatentClip): [number, number] {
  return [clipMin, clipMax];
}

export function optimizerKernels({ team }: Engine): OptimizerKernels {
  return {
    sgdStep(parameter, gradient, velocity, newParameter, newVelocity, attrs) {
      const parts = partsOf(parameter.length);
      team.run('sgdStep', parts.tasks, [
        parts.from(parameter.byteOffset),
        parts.from(gradient.byteOffset),
        parts.from(velocity.byteOffset),
        parts.from(newParameter.byteOffset),
        parts.from(newVelocity.byteOffset),
        parts.count,
        attrs.learningRate,
        attrs.momentum,
        attrs.nesterov ? 1 : 0,
        attrs.weightDecay,
        ...bounds(attrs),
      ]);
    },
    adamStep(parameter, gradient, first, second, newParameter, newFirst, newSecond, attrs) {
      const { learningRate, beta1, beta2, epsilon, step, weightDecay, decoupled } = attrs;
      const parts = partsOf(parameter.length);
      team.run('adamStep', parts.tasks, [
        parts.from(parameter.byteOffset),
        parts.from(gradient.byteOffset),
        parts.from(first.byteOffset),
        parts.from(second.byteOffset),
        parts.from(newParameter.byteOffset),
        parts.from(newFirst.byteOffset),
        parts.from(newSecond.byteOffset),
        parts.count,
        learningRate,
        beta1,
        beta2,
        1 - beta1,
        1 - beta2,
        1 / (1 - beta1 ** step),
        1 / (1 - beta2 ** step),
        epsilon,
        decoupled ? 0 : weightDecay,
        decoupled ? 1 - learningRate * weightDecay : 1,
        ...bounds(attrs),
      ]);
    },
    bopStep(parameter, gradient, momentum, newParameter, newMomentum, attrs) {
      const parts = partsOf(parameter.length);
      team.run('bopStep', parts.tasks, [
        parts.from(parameter.byteOffset),
        parts.from(gradient.byteOffset),
        parts.from(momentum.byteOffset),
        parts.from(newParameter.byteOffset),
        parts.from(newMomentum.byteOffset),
        parts.count,
        attrs.gamma,
        attrs.threshold,
      ]);
    },
  };
}
