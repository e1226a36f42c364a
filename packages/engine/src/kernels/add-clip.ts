/**
 * SurgeAddClip and its gradient.
 */
import { ADD_CLIP, ADD_CLIP_GRADIENT, InputError, type AddClipAttrs } from '@surge-bnn/contract';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelEntry } from './entry.js';

export const addClip: KernelEntry = {
  kernel: ADD_CLIP,
  uses: ['addClip'],
  run(call) {
    const { low, high } = call.attrs<AddClipAttrs>();
    const a = call.input('a');
    const b = call.has('b') ? call.input('b') : undefined;
    if (b !== undefined) expectOneShape({ a, b });
    const y = call.output(a.shape);
    call.compute((kernels, view) => {
      kernels.addClip(view(a), b && view(b), view(y), low, high);
    });
    return y;
  },
};

export const addClipGradient: KernelEntry = {
  kernel: ADD_CLIP_GRADIENT,
  uses: ['addClipGradient'],
  run(call) {
    const { low, high } = call.attrs<AddClipAttrs>();
    const dy = call.input('dy');
    const y = call.input('y');
    expectOneShape({ dy, y });
    const dx = call.output(y.shape);
    call.compute((kernels, view) => {
      kernels.addClipGradient(view(dy), view(y), view(dx), low, high);
    });
    return dx;
  },
};

function expectOneShape(two: Readonly<Record<string, TensorInfo>>): void {
  const [[first, { shape }], [second, other]] = Object.entries(two);
  const same = shape.length === other.shape.length && shape.every((d, i) => d === other.shape[i]);
  if (same) return;
  throw new InputError(
    `add and clip: ${first} and ${second} must have one shape, got [${shape}] and [${other.shape}]`,
  );
}
