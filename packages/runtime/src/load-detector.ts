/** A packed detector from wherever it is. A file of its own, so that a page that runs models alone does not carry it. */
import { PackedDetector } from './detector/packed-detector.js';
import type { LoadOptions } from './execute/load-options.js';
import { loadedFile } from './load-file.js';
import type { FileSource } from './load-file.js';

/**
 * Loads a `*.bnn` file that holds a detector.
 *
 * @param source as of `load`. @throws ModelFileError as load, and for a file that holds a model of another kind.
 */
export function loadDetector(
  source: FileSource,
  options: LoadOptions = {},
): Promise<PackedDetector> {
  return loadedFile(source, options, (bytes, rest, pool) =>
    pool === undefined
      ? PackedDetector.fromBytes(bytes, rest)
      : PackedDetector.fromBytes(bytes, { ...rest, kernels: pool }, () => pool.close()),
  );
}
