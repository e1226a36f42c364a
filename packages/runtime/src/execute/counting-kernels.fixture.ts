/** Kernels of wasm that tell what memory was taken and given back. */
import type { KernelSet } from '../program/kernel-set.js';
import { wasmKernels } from '../wasm/kernels.js';

export function countingKernels() {
  const started: number[] = [];
  let closed = 0;
  const kernels: KernelSet = {
    ...wasmKernels,
    start: (bytes) => {
      started.push(bytes);
      return { ...wasmKernels.start(bytes), close: () => (closed += 1) };
    },
  };
  return { kernels, started, closed: () => closed };
}
