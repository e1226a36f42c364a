/** A packed text model from wherever it is. */
import type { LoadOptions } from '../execute/load-options.js';
import { loadedFile } from '../load-file.js';
import type { FileSource } from '../load-file.js';
import { PackedText } from './packed-text.js';

/**
 * Loads a `*.bnn` file that holds a text model.
 *
 * @param source as of `load`. @throws ModelFileError as load, and for a file that holds a model of another kind.
 */
export function loadText(source: FileSource, options: LoadOptions = {}): Promise<PackedText> {
  return loadedFile(source, options, (bytes, rest, pool) =>
    pool === undefined
      ? PackedText.fromBytes(bytes, rest)
      : PackedText.fromBytes(bytes, { ...rest, kernels: pool }, () => pool.close()),
  );
}
