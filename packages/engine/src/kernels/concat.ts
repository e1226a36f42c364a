/**
 * Concat, Slice and SplitV: tensors as parts of a larger one along an axis. (Each other's gradients, but for Slice's, which is PadV2.)
 */
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf, type KernelCall, type KernelEntry } from './entry.js';

export const concat: KernelEntry = {
  kernel: tf.Concat,
  uses: ['copyRuns'],
  leaves: 'types other than float32',
  run(call) {
    const list = call.list();
    if (list.some((info) => info.dtype !== 'float32')) return undefined;
    const shapes = list.map((info) => info.shape);
    const [axis] = tf.util.parseAxisParam(call.attrs<tf.ConcatAttrs>().axis, shapes[0]);
    tf.backend_util.assertParamsConsistent(shapes, axis);
    const shape = tf.backend_util.computeOutShape(shapes, axis);
    const parts = list.filter((info) => sizeOf(info) > 0).map((info) => call.float(info));
    if (parts.length === 1) return call.shared(parts[0], shape);
    const y = call.output(shape);
    call.compute((kernels, view) => {
      let begin = 0;
      for (const part of parts) {
        const size = part.shape[axis];
        const { rows, length, start, step } = runsOf(shape, axis, begin, size);
        kernels.copyRuns(view(part), view(y), {
          rows,
          length,
          xStart: 0,
          xStep: length,
          yStart: start,
          yStep: step,
        });
        begin += size;
      }
    });
    return y;
  },
};

export const slice: KernelEntry = {
  kernel: tf.Slice,
  uses: ['copyRuns'],
  leaves: 'types other than float32; ranges along several axes',
  run(call) {
    if (!call.areFloat('x')) return undefined;
    const { begin, size } = call.attrs<tf.SliceAttrs>();
    const { shape } = call.raw('x');
    const [begins, sizes] = tf.slice_util.parseSliceParams(call.raw('x'), begin, size);
    tf.slice_util.assertParamsValid(call.raw('x'), begins, sizes);
    // TF.js checks where a range ends, but not that it begins inside.
    if ([...begins, ...sizes].some((n) => n < 0)) return undefined;
    const axes = sizes.flatMap((n, axis) => (n === shape[axis] ? [] : [axis]));
    if (axes.length > 1) return undefined;
    const x = call.input('x');
    if (axes.length === 0) return call.shared(x, shape);
    const [axis] = axes;
    return cutOut(call, x, axis, [{ begin: begins[axis], size: sizes[axis] }])[0];
  },
};

export const split: KernelEntry = {
  kernel: tf.SplitV,
  uses: ['copyRuns'],
  leaves: 'types other than float32',
  run(call) {
    if (!call.areFloat('x')) return undefined;
    const { numOrSizeSplits, axis } = call.attrs<tf.SplitVAttrs>();
    const { shape } = call.raw('x');
    const [along] = tf.util.parseAxisParam(axis, shape);
    const sizes = tf.backend_util.prepareSplitSize(call.raw('x'), numOrSizeSplits, along);
    if (sizes.some((n) => n < 0)) return undefined;
    const x = call.input('x');
    if (sizes.length === 1) return [call.shared(x, shape)];
    let end = 0;
    const ranges = sizes.map((size) => ({ begin: (end += size) - size, size }));
    return cutOut(call, x, along, ranges);
  },
};

interface Range {
  readonly begin: number;
  readonly size: number;
}

/** Ranges of x along an axis, each as a tensor. */
function cutOut(
  call: KernelCall,
  x: tf.TensorInfo,
  axis: number,
  ranges: readonly Range[],
): tf.TensorInfo[] {
  const ys = ranges.map(({ size }) =>
    call.output([...x.shape.slice(0, axis), size, ...x.shape.slice(axis + 1)]),
  );
  call.compute((kernels, view) => {
    ranges.forEach(({ begin, size }, i) => {
      const { rows, length, start, step } = runsOf(x.shape, axis, begin, size);
      kernels.copyRuns(view(x), view(ys[i]), {
        rows,
        length,
        xStart: start,
        xStep: step,
        yStart: 0,
        yStep: length,
      });
    });
  });
  return ys;
}

/** How a range along an axis lies among the numbers of a tensor: runs of `length`, the first at `start`, one every `step`. */
function runsOf(shape: number[], axis: number, begin: number, size: number) {
  const inner = tf.util.sizeFromShape(shape.slice(axis + 1));
  const rows = tf.util.sizeFromShape(shape.slice(0, axis));
  return { rows, length: size * inner, start: begin * inner, step: shape[axis] * inner };
}
