/**
 * SurgeTwoValues and its gradient: what is binarized outside of a binary convolution, in one pass each way.
 */
import {
  InputError,
  nanAtSign,
  TWO_VALUES,
  TWO_VALUES_GRADIENT,
  type TwoValuesAttrs,
  type TwoValuesGradientAttrs,
} from '@surge-bnn/contract';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf, type KernelCall, type KernelEntry } from './entry.js';
import { expectSameSize } from './per-channel.js';

export const twoValues: KernelEntry = {
  kernel: TWO_VALUES,
  uses: ['twoValues'],
  run(call) {
    const { low, high, layer } = call.attrs<TwoValuesAttrs>();
    const x = call.input('x');
    const shift = shiftOf(call, x);
    const y = call.output(x.shape);
    const nan = call.compute((kernels, view) =>
      kernels.twoValues(view(x), shift && view(shift), view(y), low, high),
    );
    if (nan) throw nanAtSign('input', layer);
    return [y];
  },
};

export const twoValuesGradient: KernelEntry = {
  kernel: TWO_VALUES_GRADIENT,
  uses: ['twoValuesGradient'],
  run(call) {
    const attrs = call.attrs<TwoValuesGradientAttrs>();
    const dy = call.input('dy');
    const x = call.input('x');
    const shift = shiftOf(call, x);
    expectSameSize('two values', dy, x);
    const dx = call.output(x.shape);
    const sums = call.output([3]);
    const dshift = shift && call.output(shift.shape);
    call.compute((kernels, view) =>
      kernels.twoValuesGradient(
        view(dy),
        view(x),
        shift && view(shift),
        view(dx),
        view(sums),
        dshift && view(dshift),
        attrs,
      ),
    );
    return dshift === undefined ? [dx, sums] : [dx, sums, dshift];
  },
};

/** One number, or one for each entry of x's last axis. */
function shiftOf(call: KernelCall, x: TensorInfo): TensorInfo | undefined {
  if (!call.has('shift')) return undefined;
  const shift = call.input('shift');
  const size = sizeOf(shift);
  if (size !== 1 && size !== x.shape.at(-1)) {
    throw new InputError(
      `two values: shift must be one number or one for each entry of the last axis of [${x.shape}], got [${shift.shape}]`,
    );
  }
  return shift;
}
