/** From load options to what computes. */
import { quote } from '../format/json.js';
import type { ModelSource } from '../format/model-source.js';
import { ModelFileError } from '../model-file-error.js';
import type { Arithmetic } from '../program/assemble.js';
import type { KernelSet } from '../program/kernel-set.js';
import { wasmIsThere, wasmKernels } from '../wasm/kernels.js';
import type { Executor, MemoryBudget } from './executor.js';
import type { LoadOptions } from './load-options.js';
import { programExecutor } from './program-executor.js';
import { referenceExecutor } from './reference-executor.js';

/** @throws ModelMemoryError when the model needs more memory than is left; then none is taken. */
export type MakeExecutor = (
  source: Pick<ModelSource, 'graph' | 'tensors'>,
  budget: MemoryBudget,
) => Executor;

/**
 * @param wrap what to do with kernels that are no reference, before they are used.
 * @throws ModelFileError for options that there are not, or that do not go together.
 */
export function executorMaker(
  options: LoadOptions,
  wrap: (kernels: KernelSet) => KernelSet = (kernels) => kernels,
): MakeExecutor {
  const { arithmetic = 'exact' } = options;
  const kernels = kernelsOf(options);
  if (options.threads !== undefined && options.threads !== 1) {
    throw new ModelFileError(
      `threads is ${quote(options.threads)}; they take a while to start, so load(..) and loadDetector(..) have them, or ThreadPool.start(..)`,
    );
  }
  if (!arithmetics.includes(arithmetic)) {
    throw new ModelFileError(
      `arithmetic is ${quote(arithmetic)}; allowed: ${arithmetics.join(', ')}`,
    );
  }
  if (kernels === 'reference') {
    if (arithmetic !== 'exact') {
      throw new ModelFileError(
        `arithmetic is ${quote(arithmetic)}; the reference kernels have 'exact' only`,
      );
    }
    return referenceExecutor;
  }
  const wrapped = wrap(kernels);
  return (source, budget) => programExecutor(source, wrapped, arithmetic, budget);
}

const arithmetics: readonly string[] = ['exact', 'fast'] satisfies Arithmetic[];

function kernelsOf({ kernels = 'auto' }: LoadOptions): 'reference' | KernelSet {
  if (typeof kernels === 'object') return kernels;
  if (kernels === 'reference') return kernels;
  if (kernels === 'auto') return wasmIsThere() ? wasmKernels : 'reference';
  if (kernels !== 'wasm') {
    throw new ModelFileError(
      `kernels is ${quote(kernels)}; allowed: auto, wasm, reference, or a kernel set`,
    );
  }
  if (wasmIsThere()) return wasmKernels;
  throw new ModelFileError(
    "this JavaScript engine has no WebAssembly with SIMD; give kernels: 'reference', which are slow",
  );
}
