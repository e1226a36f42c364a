/**
 * Every provider against the reference, over every case of every kernel: integers and single roundings
 * exactly, sums within the bound that the case states. (The reference itself, on its heap, against itself on
 * plain arrays: that tests the way there and back.)
 */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { BranchWeights } from '@surge-bnn/contract';
import { kernelCases } from '../cases/index.js';
import { difference, runAlone, runCase } from '../cases/kernel-case.js';
import { convGeometries, sizes } from '../cases/geometries.js';
import { reals } from '../cases/numbers.js';
import { loadProvider, type ProviderName } from './load.js';
import { isAddonBuilt, loadAddon } from './native/addon.js';
import type { KernelName, Provider } from './provider.js';
import { allowFusing } from './wasm/fused.fixture.js';
import { kernelNames, referenceKernels } from './reference/index.js';

/** The native provider once for each instruction set that runs here, where it was built. */
const nativeIsas = isAddonBuilt() ? loadAddon().runnable : [];
interface Subject {
  readonly title: string;
  readonly name: ProviderName;
  readonly isa?: string;
  readonly threads: number;
  readonly fusedMultiplyAdd?: boolean;
}
const subjects: Subject[] = [
  { title: 'reference', name: 'reference', threads: 1 },
  { title: 'wasm', name: 'wasm', threads: 1 },
  { title: 'wasm with 3 threads', name: 'wasm', threads: 3 },
  ...(allowFusing()
    ? [{ title: 'wasm, fused', name: 'wasm' as const, threads: 2, fusedMultiplyAdd: true }]
    : []),
  ...nativeIsas.map((isa): Subject => ({
    title: `native ${isa}`,
    name: 'native',
    isa,
    threads: 2,
  })),
];

describe.each(subjects)('$title', ({ name, isa, threads, fusedMultiplyAdd = false }) => {
  let provider: Provider;
  beforeAll(async () => {
    vi.stubEnv('SURGE_ISA', isa ?? '');
    provider = await loadProvider(name);
    await provider.configure?.({
      threads,
      binaryGradients: 'float32',
      auxiliaryGradients: 'float32',
      fusedMultiplyAdd,
    });
    vi.unstubAllEnvs();
  });

  it.each(kernelNames.map((kernel) => [kernel]))('%s equals the reference', (kernel) => {
    for (const kernelCase of kernelCases[kernel]) {
      const actual = runCase(provider, kernelCase);
      const right = runAlone(referenceKernels, kernelCase);
      right.outputs.forEach((output, i) => {
        const worst = difference(actual.outputs[i], output);
        expect(worst, `output ${i} of ${kernel} ${kernelCase.name}`).toBeLessThanOrEqual(
          kernelCase.bound,
        );
      });
      expect(
        difference(actual.said, right.said),
        `what ${kernel} ${kernelCase.name} says`,
      ).toBeLessThanOrEqual(kernelCase.bound);
    }
  });

  it('gives the same bits twice', () => {
    const some: KernelName[] = ['conv2dFilterGradient', 'signConv2dGradient', 'batchNorm', 'sum'];
    for (const kernel of some) {
      const kernelCase = kernelCases[kernel][5];
      const first = runCase(provider, kernelCase).outputs;
      expect(runCase(provider, kernelCase).outputs).toEqual(first);
    }
  });

  it('leaves the binary branch its bits when the auxiliary has weight 0', () => {
    const none: BranchWeights = { binary: 1, auxiliary: 0, auxiliaryGradient: 0 };
    for (const { name: form, geometry } of convGeometries) {
      const [plain, withAuxiliary] = [false, true].map((two) => {
        const filter = sizes.filter(geometry);
        return runCase(provider, {
          name: form,
          kernel: 'signConv2dGradient',
          inputs: [
            reals(sizes.y(geometry), 3),
            reals(sizes.x(geometry), 1),
            reals(filter, 2),
            ...(two ? [reals(filter, 4)] : []),
          ],
          outputLengths: [sizes.x(geometry), filter],
          bound: 0,
          call: (kernels, [dy, x, kernel, auxiliary], [dx, dkernel]) =>
            kernels.signConv2dGradient({
              dy,
              x,
              kernel,
              auxiliary,
              dx,
              dkernel,
              geometry,
              padValue: 1,
              inputSurrogate: { kind: 'box', width: 1 },
              weightSurrogate: { kind: 'identity' },
              combine: two ? () => none : undefined,
            }),
        }).outputs;
      });
      // toEqual tells +0 from -0: these are bits.
      expect(withAuxiliary, form).toEqual(plain);
    }
  });
});

describe('case lists', () => {
  it.each(kernelNames.map((kernel) => [kernel]))('%s has cases of its own', (kernel) => {
    expect(kernelCases[kernel].length).toBeGreaterThan(4);
    expect(kernelCases[kernel].every((c) => c.kernel === kernel)).toBe(true);
    const names = kernelCases[kernel].map((c) => c.name);
    expect(new Set(names).size).toBe(names.length);
  });
});
