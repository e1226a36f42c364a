/** The cross-entropy with one class a row: addresses and shapes for assembly/class-cross-entropy.ts. */
import type { Kernels } from '../provider.js';
import type { Engine } from './instance.js';
import { partsOfRows } from './threads/parts.js';

type ClassCrossEntropyKernels = Pick<Kernels, 'classCrossEntropy' | 'classCrossEntropyGradient'>;

export function classCrossEntropyKernels({ team }: Engine): ClassCrossEntropyKernels {
  return {
    classCrossEntropy(logits, classes, loss, logPartition) {
      const columns = columnsOf(logits, classes);
      const parts = partsOfRows(classes.length, 4 * columns);
      team.run('classCrossEntropy', parts.tasks, [
        parts.from(logits.byteOffset, 4 * columns),
        parts.from(classes.byteOffset),
        parts.from(loss.byteOffset),
        parts.from(logPartition.byteOffset),
        parts.count,
        columns,
      ]);
    },
    classCrossEntropyGradient(dy, logits, classes, logPartition, dlogits) {
      const columns = columnsOf(logits, classes);
      const parts = partsOfRows(classes.length, 4 * columns);
      team.run('classCrossEntropyGradient', parts.tasks, [
        parts.from(dy.byteOffset),
        parts.from(logits.byteOffset, 4 * columns),
        parts.from(classes.byteOffset),
        parts.from(logPartition.byteOffset),
        parts.from(dlogits.byteOffset, 4 * columns),
        parts.count,
        columns,
      ]);
    },
  };
}

const columnsOf = (logits: Float32Array, classes: Int32Array): number =>
  classes.length === 0 ? 0 : logits.length / classes.length;
