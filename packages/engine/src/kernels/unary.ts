/**
 * Element-wise functions of one float32 tensor and ClipByValue.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { UnaryOp } from '../providers/provider.js';
import type { KernelEntry } from './entry.js';

const leaves = 'types other than float32';

const functions: readonly (readonly [kernel: string, op: UnaryOp])[] = [
  [tf.Relu, 'relu'],
  [tf.Neg, 'neg'],
  [tf.Abs, 'abs'],
  [tf.Square, 'square'],
  [tf.Sqrt, 'sqrt'],
  [tf.Rsqrt, 'rsqrt'],
  [tf.Exp, 'exp'],
  [tf.Log, 'log'],
  [tf.Sign, 'sign'],
];

export const unaryEntries: readonly KernelEntry[] = functions.map(([kernel, op]) => ({
  kernel,
  uses: ['unary'],
  leaves,
  run: (call) => {
    if (!call.areFloat('x')) return undefined;
    const x = call.input('x');
    const y = call.output(x.shape);
    call.compute((kernels, view) => kernels.unary(op, view(x), view(y)));
    return y;
  },
}));

export const step: KernelEntry = {
  kernel: tf.Step,
  uses: ['unary'],
  leaves: `${leaves}; alpha other than 0`,
  run(call) {
    if (!call.areFloat('x') || call.attrs<tf.StepAttrs>().alpha) return undefined;
    const x = call.input('x');
    const y = call.output(x.shape);
    call.compute((kernels, view) => kernels.unary('step', view(x), view(y)));
    return y;
  },
};

export const clipByValue: KernelEntry = {
  kernel: tf.ClipByValue,
  uses: ['clip'],
  leaves,
  run(call) {
    if (!call.areFloat('x')) return undefined;
    const { clipValueMin, clipValueMax } = call.attrs<tf.ClipByValueAttrs>();
    const x = call.input('x');
    const y = call.output(x.shape);
    call.compute((kernels, view) => kernels.clip(view(x), view(y), clipValueMin, clipValueMax));
    return y;
  },
};
