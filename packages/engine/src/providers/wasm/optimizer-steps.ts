/**
 * Optimizer steps: what depends on the attributes alone is computed here in float64, once per call.
 */
import type { LatentClip } from '@surge-bnn/contract';
import type { Kernels } from '../provider.js';
import type { Engine } from './instance.js';

type OptimizerKernels = Pick<Kernels, 'sgdStep' | 'adamStep' | 'bopStep'>;

function bounds({ clipMin = -Infinity, clipMax = Infinity }: LatentClip): [number, number] {
  return [clipMin, clipMax];
}

export function optimizerKernels({ wasm }: Engine): OptimizerKernels {
  return {
    sgdStep(parameter, gradient, velocity, newParameter, newVelocity, attrs) {
      wasm.sgdStep(
        parameter.byteOffset,
        gradient.byteOffset,
        velocity.byteOffset,
        newParameter.byteOffset,
        newVelocity.byteOffset,
        parameter.length,
        attrs.learningRate,
        attrs.momentum,
        attrs.nesterov ? 1 : 0,
        attrs.weightDecay,
        ...bounds(attrs),
      );
    },
    adamStep(parameter, gradient, first, second, newParameter, newFirst, newSecond, attrs) {
      const { learningRate, beta1, beta2, epsilon, step, weightDecay, decoupled } = attrs;
      wasm.adamStep(
        parameter.byteOffset,
        gradient.byteOffset,
        first.byteOffset,
        second.byteOffset,
        newParameter.byteOffset,
        newFirst.byteOffset,
        newSecond.byteOffset,
        parameter.length,
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
      );
    },
    bopStep(parameter, gradient, momentum, newParameter, newMomentum, attrs) {
      wasm.bopStep(
        parameter.byteOffset,
        gradient.byteOffset,
        momentum.byteOffset,
        newParameter.byteOffset,
        newMomentum.byteOffset,
        parameter.length,
        attrs.gamma,
        attrs.threshold,
      );
    },
  };
}
