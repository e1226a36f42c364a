/**
 * GELU, dropout and the softmax of attention: addresses and shapes for assembly/gelu.ts, assembly/dropout.ts and assembly/attention-softmax.ts.
 */
import { leastKept } from '@surge-bnn/contract';
import type { Kernels } from '../provider.js';
import type { Engine } from './instance.js';
import { partsOf, partsOfRows } from './threads/parts.js';

type TransformerKernels = Pick<
  Kernels,
  'gelu' | 'geluGradient' | 'attentionSoftmax' | 'attentionSoftmaxGradient' | 'dropout'
>;

/** An exp costs as much as moving some floats: tasks of a quarter of what memory alone would have. */
const GELU_GRAIN = 4096;

export function transformerKernels({ team }: Engine): TransformerKernels {
  return {
    gelu(x, y) {
      const parts = partsOf(x.length, GELU_GRAIN);
      team.run('gelu', parts.tasks, [
        parts.from(x.byteOffset),
        parts.from(y.byteOffset),
        parts.count,
      ]);
    },
    geluGradient(dy, x, dx) {
      const parts = partsOf(x.length, GELU_GRAIN);
      team.run('geluGradient', parts.tasks, [
        parts.from(dy.byteOffset),
        parts.from(x.byteOffset),
        parts.from(dx.byteOffset),
        parts.count,
      ]);
    },
    dropout(x, y, { start, rate, kept }) {
      const parts = partsOf(x.length);
      team.run('dropout', parts.tasks, [
        parts.from(x.byteOffset),
        parts.from(y.byteOffset),
        { at: 0, task: parts.grain },
        parts.count,
        start,
        leastKept(rate),
        kept,
      ]);
    },
    attentionSoftmax(x, bias, y, keys, scale) {
      if (x.length === 0) return;
      const rows = x.length / keys;
      const parts = partsOfRows(rows, 4 * keys);
      team.run('attentionSoftmax', parts.tasks, [
        parts.from(x.byteOffset, 4 * keys),
        bias.byteOffset,
        parts.from(y.byteOffset, 4 * keys),
        { at: 0, task: parts.grain },
        rows / (bias.length / keys),
        parts.count,
        keys,
        scale,
      ]);
    },
    attentionSoftmaxGradient(dy, y, dx, keys, scale) {
      if (y.length === 0) return;
      const parts = partsOfRows(y.length / keys, keys);
      const [atDy, atY, atDx] = [dy, y, dx].map((view) => parts.from(view.byteOffset, 4 * keys));
      team.run('attentionSoftmaxGradient', parts.tasks, [
        atDy,
        atY,
        atDx,
        parts.count,
        keys,
        scale,
      ]);
    },
  };
}
