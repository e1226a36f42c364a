/** Ids of rows are looked at before they are looked up: outside of the table, a GPU would read what lies beside it. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { readsAreCheap } from '@surge-bnn/core';

/**
 * On a GPU, whose numbers cannot be read without waiting, nothing is looked at.
 *
 * @throws InputError naming the layer for ids that are not int32 [batch, length] or lie outside of 0 .. rows - 1.
 */
export function checkIds(ids: Tensor, rows: number, what: string, layer: string): void {
  if (ids.rank !== 2 || ids.dtype !== 'int32') {
    throw new InputError(
      `layer "${layer}": ${what}s must be int32 [batch, length], got ${ids.dtype} [${ids.shape}]`,
    );
  }
  if (!readsAreCheap()) return;
  const outside = ids.dataSync<'int32'>().find((id) => id < 0 || id >= rows);
  if (outside === undefined) return;
  throw new InputError(
    `layer "${layer}": the ${what} ${outside} is not among the ${rows} that there are, 0 to ${rows - 1}`,
  );
}
