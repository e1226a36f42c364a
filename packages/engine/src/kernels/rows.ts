/**
 * GatherV2 of the first axis (rows of a table, as an embedding looks them up), UnsortedSegmentSum (its
 * gradient), and Transpose.
 */
import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { sizeOf, type KernelEntry } from './entry.js';

export const gather: KernelEntry = {
  kernel: tf.GatherV2,
  uses: ['gather'],
  leaves: 'types other than float32; axes other than the first; batch dimensions',
  run(call) {
    const { axis, batchDims } = call.attrs<tf.GatherV2Attrs>();
    const { shape, dtype } = call.raw('x');
    const plain = dtype === 'float32' && call.isInteger('indices');
    if (!plain || batchDims || (axis !== 0 && axis !== -shape.length)) return undefined;
    const x = call.input('x');
    const ids = call.raw('indices');
    const [rows, ...row] = shape;
    const y = call.output([...ids.shape, ...row]);
    call.compute((kernels, view, integers) => {
      const outside = integers(ids).find((id) => id < 0 || id >= rows);
      if (outside !== undefined) {
        throw new InputError(`gather: the index value ${outside} is not in [0, ${rows - 1}]`);
      }
      kernels.gather(view(x), integers(ids), view(y), tf.util.sizeFromShape(row));
    });
    return y;
  },
};

export const segmentSum: KernelEntry = {
  kernel: tf.UnsortedSegmentSum,
  uses: ['segmentSum'],
  leaves: 'types other than float32; segment ids that are not one for each row',
  run(call) {
    const { numSegments } = call.attrs<tf.UnsortedSegmentSumAttrs>();
    const { shape, dtype } = call.raw('x');
    const ids = call.raw('segmentIds');
    const perRow = ids.shape.length === 1 && shape.length > 0 && ids.shape[0] === shape[0];
    if (dtype !== 'float32' || !call.isInteger('segmentIds') || !perRow) return undefined;
    const x = call.input('x');
    const row = shape.slice(1);
    const y = call.output([numSegments, ...row]);
    call.compute((kernels, view, integers) =>
      kernels.segmentSum(view(x), integers(ids), view(y), tf.util.sizeFromShape(row)),
    );
    return y;
  },
};

export const transpose: KernelEntry = {
  kernel: tf.Transpose,
  uses: ['transpose'],
  leaves: 'types other than float32',
  run(call) {
    if (!call.areFloat('x')) return undefined;
    const { perm } = call.attrs<tf.TransposeAttrs>();
    const x = call.input('x');
    const { sizes, steps } = mergedAxes(x.shape, perm);
    const shape = perm.map((axis) => x.shape[axis]);
    // One axis left: the numbers keep their order.
    if (sizes.length < 2 || sizeOf(x) === 0) return call.shared(x, shape);
    const y = call.output(shape);
    call.compute((kernels, view) => kernels.transpose(view(x), view(y), sizes, steps));
    return y;
  },
};

/** The axes of the output with their steps in x; axes of size 1 left out, axes that stay neighbours made one. */
function mergedAxes(shape: number[], perm: number[]): { sizes: number[]; steps: number[] } {
  const sizes: number[] = [];
  const steps: number[] = [];
  for (const axis of perm) {
    const size = shape[axis];
    const step = tf.util.sizeFromShape(shape.slice(axis + 1));
    const last = sizes.length - 1;
    if (size === 1) continue;
    if (last >= 0 && steps[last] === step * size) {
      sizes[last] *= size;
      steps[last] = step;
    } else {
      sizes.push(size);
      steps.push(step);
    }
  }
  return { sizes, steps };
}
