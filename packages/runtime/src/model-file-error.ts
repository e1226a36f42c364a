/**
 * A model file, or an input for a model, that cannot be used: damaged, hostile, of a version that is not known, of
 * the wrong shape. The message says what, where, and what is allowed.
 */
export class ModelFileError extends Error {
  readonly exitCode = 2;
  override readonly name = 'ModelFileError';
}

/** A model that takes more memory than is allowed, or than there is. */
export class ModelMemoryError extends ModelFileError {}

/** What `work` gives; its refusals begin with the part of the file that they are of. */
export function within<T>(part: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    throw new ModelFileError(`${part}: ${error.message}`, { cause: error });
  }
}
