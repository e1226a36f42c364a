/**
 * Sum and Mean of float32 tensors over neighbouring axes.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { KernelCall, KernelEntry } from './entry.js';

const leaves = 'types other than float32; axes that do not stand together';

interface Plan {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
  readonly outShape: number[];
}

export const sum: KernelEntry = {
  kernel: tf.Sum,
  uses: ['sum'],
  leaves,
  run(call) {
    const plan = planReduction(call);
    if (!plan) return undefined;
    const x = call.input('x');
    const y = call.output(plan.outShape);
    call.compute((kernels, view) =>
      kernels.sum(view(x), view(y), plan.outer, plan.reduced, plan.inner),
    );
    return y;
  },
};

export const mean: KernelEntry = {
  kernel: tf.Mean,
  uses: ['sum', 'fill', 'binary'],
  leaves,
  run(call) {
    const plan = planReduction(call);
    if (!plan) return undefined;
    const x = call.input('x');
    const total = call.temporary(plan.outShape);
    const count = call.temporary([]);
    const y = call.output(plan.outShape);
    call.compute((kernels, view) => {
      kernels.sum(view(x), view(total), plan.outer, plan.reduced, plan.inner);
      kernels.fill(view(count), plan.reduced);
      kernels.binary('div', view(total), view(count), view(y), { inner: 1, swapped: false });
    });
    return y;
  },
};

function planReduction(call: KernelCall): Plan | undefined {
  const { shape, dtype } = call.raw('x');
  const { axis, keepDims } = call.attrs<tf.SumAttrs>();
  if (dtype !== 'float32') return undefined;
  const axes = tf.util.parseAxisParam(axis, shape).sort((a, b) => a - b);
  const first = axes[0] ?? shape.length;
  if (axes.some((a, i) => a !== first + i)) return undefined;
  const end = first + axes.length;
  const [outShape] = tf.backend_util.computeOutAndReduceShapes(shape, axes);
  return {
    outer: tf.util.sizeFromShape(shape.slice(0, first)),
    reduced: tf.util.sizeFromShape(shape.slice(first, end)),
    inner: tf.util.sizeFromShape(shape.slice(end)),
    outShape: keepDims ? tf.backend_util.expandShapeToKeepDim(outShape, axes) : outShape,
  };
}
