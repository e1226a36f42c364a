/**
 * SurgeSoftmaxCrossEntropy: loss per row and the gradient at the logits.
 */
import { InputError, SOFTMAX_CROSS_ENTROPY } from '@surge-bnn/contract';
import type { KernelEntry } from './entry.js';

export const softmaxCrossEntropy: KernelEntry = {
  kernel: SOFTMAX_CROSS_ENTROPY,
  uses: ['softmaxCrossEntropy'],
  run(call) {
    const logits = call.input('logits');
    const labels = call.input('labels');
    const [rows, classes] = logits.shape;
    const same = labels.shape[0] === rows && labels.shape[1] === classes;
    if (logits.shape.length !== 2 || labels.shape.length !== 2 || !same) {
      throw new InputError(
        `softmax cross-entropy: logits and labels must both have shape [rows, classes], got [${logits.shape}] and [${labels.shape}]`,
      );
    }
    const loss = call.output([rows]);
    const gradient = call.output([rows, classes]);
    call.compute((kernels, view) =>
      kernels.softmaxCrossEntropy(view(logits), view(labels), view(loss), view(gradient)),
    );
    return [loss, gradient];
  },
};
