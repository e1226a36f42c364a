/**
 * The machine or the engine has not the memory that the input needs: no defect, but something that a smaller batch mends. The command
 * prints the message as one sentence and exits with code 2, as for an InputError.
 *
 * Write the message as: what is held, what was asked for, why that cannot be, what to lower.
 */
export class OutOfMemoryError extends RangeError {
  readonly exitCode = 2;
  override readonly name = 'OutOfMemoryError';
}

/** The error itself, or what V8 and the native addon say when memory is out; undefined for every other error. */
export function asOutOfMemory(error: unknown): OutOfMemoryError | undefined {
  if (error instanceof OutOfMemoryError) return error;
  if (!(error instanceof RangeError)) return undefined;
  const { message } = error;
  if (/out of memory/.test(message)) return new OutOfMemoryError(message, { cause: error });
  if (!/allocation failed|could not allocate/.test(message)) return undefined;
  return new OutOfMemoryError(`out of memory (${message}); lower the batch size`, { cause: error });
}
