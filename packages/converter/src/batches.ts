/** Real inputs, batch by batch. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import type { ConvertOptions } from './types.js';

/**
 * Calls for each batch, which is disposed afterwards; empty ones are left out.
 *
 * @param what names the inputs in errors: "the proof".
 * @returns how many inputs there were.
 * @throws InputError for a batch of a wrong shape, and when there is no input; the signal's reason when it is aborted.
 */
export async function eachBatch(
  inputs: ConvertOptions['inputs'],
  shape: readonly number[],
  what: string,
  each: (batch: Tensor, data: Float32Array, first: number) => void,
  { signal, onProgress }: Pick<ConvertOptions, 'signal' | 'onProgress'> = {},
): Promise<number> {
  let count = 0;
  for await (const batch of inputs) {
    try {
      signal?.throwIfAborted();
      const data = checkedBatch(batch, shape, what);
      if (data.length === 0) continue;
      each(batch, data, count);
      count += batch.shape[0];
    } finally {
      batch.dispose();
    }
    onProgress?.(count);
    await nextTurn();
  }
  if (count > 0) return count;
  throw new InputError(`a conversion needs real inputs for ${what}; got none`);
}

function checkedBatch(batch: Tensor, shape: readonly number[], what: string): Float32Array {
  const fits =
    batch.rank === shape.length + 1 &&
    batch.dtype === 'float32' &&
    shape.every((size, i) => size === batch.shape[i + 1]);
  if (fits) return Float32Array.from(batch.dataSync());
  throw new InputError(
    `the inputs of ${what} must be float32 [n, ${shape.join(', ')}], got ${batch.dtype} [${batch.shape}]`,
  );
}

/** Lets timers, signals and progress bars run between two batches, in a hidden tab, too. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
