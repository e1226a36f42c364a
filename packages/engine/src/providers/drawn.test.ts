/**
 * Convolutions of drawn geometries on one to three threads, every provider against the reference.
 * A fiftieth of SURGE_FUZZ_RUNS is their number; `npm test -- --long` asks for 2,000. A failure prints fast-check's seed and path, and
 * the geometry that it could not make simpler.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { drawnCases } from '../cases/drawn.js';
import { difference, runAlone, runCase } from '../cases/kernel-case.js';
import { loadProvider, type ProviderName } from './load.js';
import { isAddonBuilt, loadAddon } from './native/addon.js';
import type { Heap, Provider } from './provider.js';
import { referenceKernels } from './reference/index.js';

const runs = Math.ceil(Number(process.env.SURGE_FUZZ_RUNS ?? 1500) / 50);

const nativeIsas = isAddonBuilt() ? loadAddon().runnable : [];
const subjects: [name: string, provider: ProviderName, isa: string][] = [
  ['wasm', 'wasm', ''],
  ...nativeIsas.map((isa): (typeof subjects)[number] => [`native ${isa}`, 'native', isa]),
];

/** A piece of a provider's heap that is handed out again and again: thousands of cases must not fill the machine. */
class Reused implements Heap {
  readonly #start: number;
  #end: number;

  constructor(
    private readonly heap: Heap,
    private readonly bytes: number,
  ) {
    this.#start = this.#end = heap.extend(bytes);
  }

  get buffer(): ArrayBufferLike {
    return this.heap.buffer;
  }

  extend(bytes: number): number {
    const address = this.#end;
    this.#end += Math.ceil(bytes / 64) * 64;
    if (this.#end > this.#start + this.bytes) throw new Error('a case needs more memory');
    return address;
  }

  clear(): void {
    this.#end = this.#start;
  }
}

describe.each(subjects)('%s', (_, name, isa) => {
  let provider: Provider;
  let heap: Reused;
  beforeAll(async () => {
    vi.stubEnv('SURGE_ISA', isa);
    provider = await loadProvider(name);
    vi.unstubAllEnvs();
    heap = new Reused(provider.heap, 2 ** 24);
  });

  it(`equals the reference on ${runs} drawn geometries`, { timeout: 3_600_000 }, async () => {
    const counts = fc.integer({ min: 1, max: 3 });
    const property = fc.asyncProperty(counts, fc.gen(), async (threads, draw) => {
      await provider.configure?.({
        threads,
        binaryGradients: 'float32',
        auxiliaryGradients: 'float32',
        fusedMultiplyAdd: false,
      });
      for (const kernelCase of drawnCases((min, max) => draw(fc.integer, { min, max }))) {
        heap.clear();
        const actual = runCase({ ...provider, heap }, kernelCase);
        const right = runAlone(referenceKernels, kernelCase);
        const what = `${kernelCase.kernel} ${kernelCase.name}, ${threads} threads`;
        right.outputs.forEach((output, i) => {
          const worst = difference(actual.outputs[i], output);
          expect(worst, `output ${i} of ${what}`).toBeLessThanOrEqual(kernelCase.bound);
        });
        const saidWorst = difference(actual.said, right.said);
        expect(saidWorst, `what ${what} says`).toBeLessThanOrEqual(kernelCase.bound);
      }
    });
    await fc.assert(property, { numRuns: runs });
  });
});
