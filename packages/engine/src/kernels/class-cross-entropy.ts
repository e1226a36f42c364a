/**
 * SurgeClassCrossEntropy: loss per row against one class, and its gradient at the logits.
 */
import { CLASS_CROSS_ENTROPY, CLASS_CROSS_ENTROPY_GRADIENT, InputError } from '@surge-bnn/contract';
import type { KernelCall, KernelEntry } from './entry.js';

export const classCrossEntropy: KernelEntry = {
  kernel: CLASS_CROSS_ENTROPY,
  uses: ['classCrossEntropy'],
  run(call) {
    const { logits, classes, rows } = inputs(call);
    const loss = call.output([rows]);
    const logPartition = call.output([rows]);
    call.compute((kernels, view, integers) => {
      const columns = logits.shape[1];
      const ids = integers(classes);
      // The kernel reads the logits at the class.
      const outside = ids.find((c) => c < 0 || c >= columns);
      if (outside !== undefined) {
        throw new InputError(
          `class cross-entropy: the class ${outside} is not in [0, ${columns - 1}]`,
        );
      }
      kernels.classCrossEntropy(view(logits), ids, view(loss), view(logPartition));
    });
    return [loss, logPartition];
  },
};

export const classCrossEntropyGradient: KernelEntry = {
  kernel: CLASS_CROSS_ENTROPY_GRADIENT,
  uses: ['classCrossEntropyGradient'],
  run(call) {
    const { logits, classes } = inputs(call);
    const dy = call.input('dy');
    const logPartition = call.input('logPartition');
    const dlogits = call.output(logits.shape);
    call.compute((kernels, view, integers) =>
      kernels.classCrossEntropyGradient(
        view(dy),
        view(logits),
        integers(classes),
        view(logPartition),
        view(dlogits),
      ),
    );
    return [dlogits];
  },
};

function inputs(call: KernelCall) {
  const logits = call.input('logits');
  const classes = call.raw('classes');
  const [rows] = logits.shape;
  const fits = classes.shape.length === 1 && classes.shape[0] === rows;
  if (logits.shape.length !== 2 || !fits || !call.isInteger('classes')) {
    throw new InputError(
      `class cross-entropy: logits must be [rows, classes] and classes int32 [rows], got [${logits.shape}] and ${classes.dtype} [${classes.shape}]`,
    );
  }
  return { logits, classes, rows };
}
