/**
 * Element-wise functions of two float32 tensors, and AddN. Where one of the two has the output's shape and the other
 * lies in it in one block (BinaryLayout), the kernel reads both in place; otherwise what is broadcast is first
 * written out. Other types go to the copied CPU kernels.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { BinaryLayout, BinaryOp } from '../providers/provider.js';
import type { KernelCall, KernelEntry } from './entry.js';
import { spread } from './spread.js';

const functions: readonly (readonly [kernel: string, op: BinaryOp])[] = [
  [tf.Add, 'add'],
  [tf.Sub, 'sub'],
  [tf.Multiply, 'mul'],
  [tf.RealDiv, 'div'],
  [tf.Maximum, 'max'],
  [tf.Minimum, 'min'],
  [tf.SquaredDifference, 'squaredDifference'],
];

export const binaryEntries: readonly KernelEntry[] = functions.map(([kernel, op]) => ({
  kernel,
  uses: ['binary'],
  leaves: 'types other than float32',
  run: (call) => {
    if (!call.areFloat('a', 'b')) return undefined;
    const plan = planBroadcast(call.raw('a').shape, call.raw('b').shape);
    const a = call.input('a');
    const b = call.input('b');
    if (!plan) return writtenOut(call, op, a, b);
    const [full, small] = plan.layout.swapped ? [b, a] : [a, b];
    const y = call.output(plan.shape);
    call.compute((kernels, view) =>
      kernels.binary(op, view(full), view(small), view(y), plan.layout),
    );
    return y;
  },
}));

/** Both operands in the output's shape, then the plain kernel. */
function writtenOut(call: KernelCall, op: BinaryOp, a: tf.TensorInfo, b: tf.TensorInfo) {
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const wide = [a, b].map((info) =>
    tf.util.arraysEqual(info.shape, shape) ? info : call.temporary(shape),
  );
  const y = call.output(shape);
  call.compute((kernels, view) => {
    [a, b].forEach((info, i) => {
      if (wide[i] !== info) spread(view(info), info.shape, view(wide[i]), shape);
    });
    kernels.binary(op, view(wide[0]), view(wide[1]), view(y), { inner: 1, swapped: false });
  });
  return y;
}

export const addN: KernelEntry = {
  kernel: tf.AddN,
  uses: ['binary'],
  leaves: 'types other than float32; fewer than two tensors',
  run(call) {
    const list = call.list();
    if (list.length < 2 || list.some((info) => info.dtype !== 'float32')) return undefined;
    const [first, second, ...rest] = list.map((info) => call.float(info));
    const y = call.output(first.shape);
    const same = { inner: 1, swapped: false };
    call.compute((kernels, view) => {
      kernels.binary('add', view(first), view(second), view(y), same);
      for (const info of rest) kernels.binary('add', view(y), view(info), view(y), same);
    });
    return y;
  },
};

/** The output's shape and how the smaller side lies in it, or undefined when BinaryLayout cannot say it. */
export function planBroadcast(
  a: readonly number[],
  b: readonly number[],
): { shape: number[]; layout: BinaryLayout } | undefined {
  const shape = tf.broadcast_util.assertAndGetBroadcastShape([...a], [...b]);
  const innerOfB = sizeOfShape(a) === sizeOfShape(shape) ? innerOf(b, shape) : undefined;
  if (innerOfB !== undefined) return { shape, layout: { inner: innerOfB, swapped: false } };
  const innerOfA = sizeOfShape(b) === sizeOfShape(shape) ? innerOf(a, shape) : undefined;
  if (innerOfA !== undefined) return { shape, layout: { inner: innerOfA, swapped: true } };
  return undefined;
}

/**
 * How many consecutive entries of `shape` share one entry of a tensor of shape `small`: the axes of
 * `small` that are not broadcast must stand together, and `inner` is what lies to their right.
 */
function innerOf(small: readonly number[], shape: readonly number[]): number | undefined {
  let inner = 1;
  let phase: 'right' | 'block' | 'left' = 'right';
  for (let axis = 1; axis <= shape.length; axis++) {
    const size = shape[shape.length - axis];
    if (size === 1) continue;
    const own = small.length >= axis && small[small.length - axis] === size;
    if (own && phase === 'left') return undefined;
    if (own) phase = 'block';
    else if (phase === 'block') phase = 'left';
    else if (phase === 'right') inner *= size;
  }
  // Nothing but broadcast axes: a single number.
  return phase === 'right' ? 1 : inner;
}

function sizeOfShape(shape: readonly number[]): number {
  return tf.util.sizeFromShape([...shape]);
}
