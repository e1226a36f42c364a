/** A model on every set of kernels that this package has, for tests of what models compute. */
import { expect } from 'vitest';
import type { ModelSource } from '../format/model-source.js';
import { PackedModel } from './packed-model.js';
import type { LoadOptions } from './load-options.js';
import type { ModelInput } from './packed-model.js';

export const kernelNames = ['reference', 'wasm'] as const satisfies LoadOptions['kernels'][];

export interface EveryModel {
  readonly outputShape: readonly number[];
  /** What all of them give, bit for bit; an error of all of them is thrown. */
  run(input: ModelInput): Float32Array;
}

export function everyModel(source: ModelSource): EveryModel {
  const [plain, ...others] = kernelNames.map((kernels) => PackedModel.from(source, { kernels }));
  return {
    outputShape: plain.outputShape,
    run(input) {
      const first = outcome(plain, input);
      for (const other of others) expect(outcome(other, input)).toEqual(first);
      if (first instanceof Error) throw first;
      return first;
    },
  };
}

/** toEqual tells 0 from -0, and takes a NaN for a NaN. */
function outcome(model: PackedModel, input: ModelInput): Float32Array | Error {
  try {
    return model.run(input);
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
