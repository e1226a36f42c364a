/**
 * One optimizer step per parameter: SurgeSgdStep, SurgeAdamStep, SurgeBopStep. The new values are new
 * tensors: the old ones may be held by someone else (a tape, a checkpoint), and recycled blocks cost nothing.
 */
import {
  ADAM_STEP,
  BOP_STEP,
  InputError,
  SGD_STEP,
  type AdamStepAttrs,
  type BopStepAttrs,
  type SgdStepAttrs,
} from '@surge-bnn/contract';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf, type KernelCall, type KernelEntry } from './entry.js';

export const sgdStep: KernelEntry = {
  kernel: SGD_STEP,
  uses: ['sgdStep'],
  run(call) {
    const attrs = call.attrs<SgdStepAttrs>();
    const [parameter, gradient, velocity] = inputs(call, 'parameter', 'gradient', 'velocity');
    const [newParameter, newVelocity] = outputs(call, parameter, 2);
    call.compute((kernels, view) =>
      kernels.sgdStep(
        view(parameter),
        view(gradient),
        view(velocity),
        view(newParameter),
        view(newVelocity),
        attrs,
      ),
    );
    return [newParameter, newVelocity];
  },
};

export const adamStep: KernelEntry = {
  kernel: ADAM_STEP,
  uses: ['adamStep'],
  run(call) {
    const attrs = call.attrs<AdamStepAttrs>();
    const [parameter, gradient, first, second] = inputs(
      call,
      'parameter',
      'gradient',
      'first',
      'second',
    );
    const [newParameter, newFirst, newSecond] = outputs(call, parameter, 3);
    call.compute((kernels, view) =>
      kernels.adamStep(
        view(parameter),
        view(gradient),
        view(first),
        view(second),
        view(newParameter),
        view(newFirst),
        view(newSecond),
        attrs,
      ),
    );
    return [newParameter, newFirst, newSecond];
  },
};

export const bopStep: KernelEntry = {
  kernel: BOP_STEP,
  uses: ['bopStep'],
  run(call) {
    const attrs = call.attrs<BopStepAttrs>();
    const [parameter, gradient, momentum] = inputs(call, 'parameter', 'gradient', 'momentum');
    const [newParameter, newMomentum] = outputs(call, parameter, 2);
    call.compute((kernels, view) =>
      kernels.bopStep(
        view(parameter),
        view(gradient),
        view(momentum),
        view(newParameter),
        view(newMomentum),
        attrs,
      ),
    );
    return [newParameter, newMomentum];
  },
};

/** The named inputs, all of one size. */
function inputs(call: KernelCall, ...names: string[]): TensorInfo[] {
  const infos = names.map((name) => call.input(name));
  infos.forEach((info, i) => {
    if (sizeOf(info) !== sizeOf(infos[0])) {
      throw new InputError(
        `optimizer step: ${names[i]} [${info.shape}] and ${names[0]} [${infos[0].shape}] differ in size`,
      );
    }
  });
  return infos;
}

function outputs(call: KernelCall, like: TensorInfo, count: number): TensorInfo[] {
  return Array.from({ length: count }, () => call.output(like.shape));
}
