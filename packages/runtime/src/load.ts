/** A packed model from wherever it is: bytes, a file, an address. */
import type { LoadOptions } from './execute/load-options.js';
import { PackedModel } from './execute/packed-model.js';
import { loadedFile } from './load-file.js';
import type { FileSource } from './load-file.js';
import type { KernelSet } from './program/kernel-set.js';
import type { ThreadPool } from './wasm/thread-pool.js';

/**
 * Loads a `*.bnn` file.
 *
 * @param source the file's bytes; in Node a path or a file: URL; an http(s) URL anywhere. In a browser any other string is
 *   an address relative to the page.
 * @throws ModelFileError when there is no such file, or it is damaged, of an unknown version, holds a detector, or is too large to run.
 */
export function load(source: FileSource, options: LoadOptions = {}): Promise<PackedModel> {
  return loadedFile(source, options, (bytes, rest, pool) =>
    PackedModel.fromBytes(bytes, pool === undefined ? rest : { ...rest, kernels: ownedBy(pool) }),
  );
}

/** A pool for one model: it ends with the model. */
function ownedBy(pool: ThreadPool): KernelSet {
  const { name, bitBlocks, floatLanes, threads } = pool;
  return {
    name,
    bitBlocks,
    floatLanes,
    threads,
    start: (bytes) => {
      const machine = pool.start(bytes);
      return {
        buffer: machine.buffer,
        run: (program, from, to) => {
          machine.run(program, from, to);
        },
        close: () => {
          pool.close();
        },
      };
    },
  };
}
