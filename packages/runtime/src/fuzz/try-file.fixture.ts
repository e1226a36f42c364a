/** What becomes of a file that may be damaged: refused, or loaded, run, and held to the reference. Anything else is a mistake. */
import { PackedModel } from '../execute/packed-model.js';
import type { LoadOptions } from '../execute/load-options.js';
import { decodeModel } from '../format/read.js';
import { encodeModel } from '../format/write.js';
import { load } from '../load.js';
import { ModelFileError } from '../model-file-error.js';

/** Refused as a file; a model that is not run, for want of memory or for a NaN; a model that ran. */
export type Outcome = 'refused' | 'not run' | 'ran';

/**
 * Reads a file, writes and reads it again, loads it with these options and runs it on one example; and where the options ask for other
 * kernels than the reference, on the reference, too.
 *
 * @throws whatever is thrown that is no ModelFileError, and an Error when the file changes by being written, or when the
 *   kernels give other bits than the reference.
 */
export async function tryFile(bytes: Uint8Array, options: LoadOptions): Promise<Outcome> {
  const source = refusing(() => decodeModel(bytes));
  if (source instanceof ModelFileError) return 'refused';
  const written = encodeModel(source);
  if (Buffer.compare(encodeModel(decodeModel(written)), written) !== 0) {
    throw new Error('what is written of the model changes when it is read and written again');
  }
  const model = await loaded(bytes, options);
  if (model instanceof ModelFileError) return 'not run';
  try {
    const elements = model.inputShape.reduce((product, size) => product * size, 1);
    const x = Float32Array.from({ length: elements }, (_, i) => ((i * 7) % 11) - 5);
    const outputs = refusing(() => model.run(x));
    if (options.arithmetic !== 'fast') holdToReference(bytes, options, x, outputs);
    return outputs instanceof ModelFileError ? 'not run' : 'ran';
  } finally {
    model.close();
  }
}

function holdToReference(
  bytes: Uint8Array,
  { maxMemoryBytes, kernels }: LoadOptions,
  x: Float32Array,
  outputs: Float32Array | ModelFileError,
): void {
  if (kernels === 'reference') return;
  const options = { maxMemoryBytes, kernels: 'reference' } as const;
  const reference = refusing(() => PackedModel.fromBytes(bytes, options));
  // It may need more memory than the other kernels.
  if (reference instanceof ModelFileError) return;
  const expected = refusing(() => reference.run(x));
  if (expected instanceof ModelFileError !== outputs instanceof ModelFileError) {
    throw new Error(`the kernels gave ${inWords(outputs)}, the reference ${inWords(expected)}`);
  }
  if (expected instanceof ModelFileError || outputs instanceof ModelFileError) return;
  const at = expected.findIndex((value, i) => !Object.is(value, outputs[i]));
  if (at === -1) return;
  throw new Error(`output ${at} is ${outputs[at]}; the reference gives ${expected[at]}`);
}

function inWords(outcome: Float32Array | ModelFileError): string {
  return outcome instanceof ModelFileError ? `"${outcome.message}"` : 'outputs';
}

/** What a function gives, or the ModelFileError that it throws. */
function refusing<T>(compute: () => T): T | ModelFileError {
  try {
    return compute();
  } catch (error) {
    if (error instanceof ModelFileError) return error;
    throw error;
  }
}

async function loaded(
  bytes: Uint8Array,
  options: LoadOptions,
): Promise<PackedModel | ModelFileError> {
  try {
    return await load(bytes, options);
  } catch (error) {
    if (error instanceof ModelFileError) return error;
    throw error;
  }
}
