/**
 * The wasm provider: kernels in AssemblyScript (assembly/), compiled to WebAssembly SIMD at build time. What
 * it does not have of its own runs the reference on the same heap, and `own` says so.
 *
 * How close it is: signConv2d equals the reference exactly. Products and convolutions accumulate in float32,
 * in an order fixed by the shapes alone (so results repeat bit for bit), with
 * |difference| <= 1e-5 sum |products|.
 */
import type { KernelName, Kernels, Provider } from '../provider.js';
import { referenceKernels } from '../reference/index.js';
import { floatKernels } from './conv.js';
import { createEngine } from './instance.js';
import { signKernels } from './sign-conv.js';

/** A new provider with an empty heap of its own. */
export async function createWasmProvider(): Promise<Provider> {
  const engine = await createEngine();
  const own: Partial<Kernels> = { ...floatKernels(engine), ...signKernels(engine) };
  return {
    name: 'wasm',
    heap: engine.heap,
    kernels: { ...referenceKernels, ...own },
    own: new Set(Object.keys(own) as KernelName[]),
  };
}
