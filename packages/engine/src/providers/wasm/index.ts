/**
 * The wasm provider: kernels in AssemblyScript (assembly/), compiled to WebAssembly SIMD at build time. It has
 * all kernels of its own.
 *
 * How close it is to the reference: signConv2d, comparisons, single roundings and Bop are exact. Products and
 * convolutions accumulate in float32, in an order fixed by the shapes alone (so results repeat bit for bit, on any number of
 * threads; with fused multiply-add they are other bits),
 * with |difference| <= 1e-5 sum |products| (in the binary branch's filter gradient with
 * products of padded pixels, as if they were padded with 1). exp and log are within 2 units in the last place, statistics and sums
 * accumulate in float64.
 */
import type { KernelName, Kernels, Provider } from '../provider.js';
import { canonicalKernels } from './canonical-conv.js';
import { classCrossEntropyKernels } from './class-cross-entropy.js';
import { floatKernels } from './conv.js';
import { elementWiseKernels } from './element-wise.js';
import { createEngine } from './instance.js';
import { layerKernels } from './layers.js';
import { optimizerKernels } from './optimizer-steps.js';
import { roiKernels } from './roi-align.js';
import { rowKernels } from './rows.js';
import { signKernels } from './sign-conv.js';
import { transformerKernels } from './transformer.js';
import { twoValuesKernels } from './two-values.js';

/** A new provider with an empty heap of its own, on one thread. */
export async function createWasmProvider(): Promise<Provider> {
  const engine = await createEngine();
  const kernels: Kernels = {
    ...floatKernels(engine),
    ...canonicalKernels(engine),
    ...signKernels(engine),
    ...layerKernels(engine),
    ...optimizerKernels(engine),
    ...elementWiseKernels(engine),
    ...roiKernels(engine),
    ...rowKernels(engine),
    ...transformerKernels(engine),
    ...twoValuesKernels(engine),
    ...classCrossEntropyKernels(engine),
  };
  let configured: Promise<void> = Promise.resolve();
  return {
    name: 'wasm',
    heap: engine.heap,
    kernels,
    own: new Set(Object.keys(kernels) as KernelName[]),
    configure({ threads, fusedMultiplyAdd }) {
      // One after the other: two callers at once must not start two workers for one place.
      const next = configured.then(async () => {
        await engine.load(fusedMultiplyAdd);
        await engine.team.resize(threads);
      });
      configured = next.catch(() => undefined);
      return next;
    },
    close: () => engine.team.close(),
  };
}
