/** The addon's kernels for @surge-bnn/runtime: packed models run on them as on its own WebAssembly, with the same bits. */
import { checkKeys, InputError } from '@surge-bnn/contract';
import { ModelFileError } from '@surge-bnn/runtime';
import type { KernelSet, Machine } from '@surge-bnn/runtime';
import type { Addon, PackedMethods } from './providers/native/addon.js';

export interface PackedKernelOptions {
  /**
   * Threads that share each layer, 1 to 256; results do not depend on it. Default 1: many small models, or many at a time, are
   * better off with one thread each.
   */
  readonly threads?: number;
}

const mostThreads = 256;
/** Addresses of a program are words of 32 bits. */
const mostBytes = 2 ** 32;

/**
 * The native kernels, for `load(.., { kernels })` of @surge-bnn/runtime. SURGE_ISA forces an instruction set, as for training.
 *
 * @throws InputError when the addon is not built, does not load, or SURGE_ISA names what this CPU has not; and for a number of threads
 * that cannot be.
 * @example const model = await load('model.bnn', { kernels: await packedKernels({ threads: 2 }) });
 */
export async function packedKernels(options: PackedKernelOptions = {}): Promise<KernelSet> {
  checkKeys(options, ['threads'], 'packedKernels');
  const { threads = 1 } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > mostThreads) {
    throw new InputError(
      `packedKernels threads: ${threads} is not possible; allowed: 1 to ${mostThreads}`,
    );
  }
  if (typeof process === 'undefined' || process.versions.node === undefined) {
    throw new InputError('the native engine runs on Node only');
  }
  const { loadAddon } = await import('./providers/native/addon.js');
  return kernelSet(loadAddon(), threads);
}

/** @throws InputError as packedKernels. Exported for the sanitizers' build of the addon. */
export function kernelSet(addon: Addon, threads: number): KernelSet {
  const native = packedMethods(addon);
  return {
    name: `native (${native.isa()})`,
    bitBlocks: { lanes: native.bitLanes(), unit: native.bitUnit() },
    floatLanes: native.floatLanes(),
    threads,
    start(bytes): Machine {
      const buffer = takeMemory(bytes);
      return {
        buffer,
        run: (program, from, to) => native.run(buffer, program, from, to, threads),
      };
    },
  };
}

function packedMethods(addon: Addon): PackedMethods {
  try {
    return new addon.PackedKernels(process.env['SURGE_ISA'] ?? '');
  } catch (error) {
    if (error instanceof TypeError) throw new InputError(error.message, { cause: error });
    throw error;
  }
}

function takeMemory(bytes: number): ArrayBuffer {
  if (bytes > mostBytes) {
    throw new ModelFileError(
      `the model takes ${bytes} bytes of memory; the native kernels have at most ${mostBytes}`,
    );
  }
  try {
    return new ArrayBuffer(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ModelFileError(`there is no memory for the model's ${bytes} bytes`, { cause: error });
  }
}
