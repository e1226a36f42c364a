/**
 * Packed models on the native kernels against the runtime's reference, bit for bit, on every instruction set of this CPU and with one to
 * three threads. A failure prints fast-check's seed and path, and the model. SURGE_FUZZ_RUNS / 3 models are drawn.
 */
import fc from 'fast-check';
import { ModelFileError, PackedModel } from '@surge-bnn/runtime';
import type { KernelSet, LoadOptions } from '@surge-bnn/runtime';
import { InputError } from '@surge-bnn/contract';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { drawnModel } from './cases/packed/drawn.js';
import { binaryGrid, channelCounts } from './cases/packed/grid.js';
import { floatTensor, Sketch, sizeOf, windowOf } from './cases/packed/sketch.js';
import type { PackedCase } from './cases/packed/sketch.js';
import { textGrid } from './cases/packed/texts.js';
import { reals, uniform } from './cases/numbers.js';
import { packedKernels } from './packed-kernels.js';
import { isAddonBuilt, loadAddon } from './providers/native/addon.js';
import type { PackedMethods } from './providers/native/addon.js';

const drawn = Math.ceil(Number(process.env.SURGE_FUZZ_RUNS ?? 1500) / 3);
const isas = isAddonBuilt() ? loadAddon().runnable : [];
const notBuilt = 'the native kernels of packed models (needs npm run build:native)';

async function setOf(isa: string, threads: number): Promise<KernelSet> {
  vi.stubEnv('SURGE_ISA', isa);
  try {
    return await packedKernels({ threads });
  } finally {
    vi.unstubAllEnvs();
  }
}

/** All outputs, or the error of the run. */
function outcome(
  { source, inputs }: PackedCase,
  kernels: LoadOptions['kernels'],
): Float32Array | string {
  const model = PackedModel.from(source, { kernels });
  try {
    return model.run(inputs);
  } catch (error) {
    if (error instanceof ModelFileError) return error.message;
    throw error;
  }
}

/** @returns what the reference gives. */
function compare(given: PackedCase, sets: readonly KernelSet[]): Float32Array | string {
  const right = outcome(given, 'reference');
  for (const set of sets) {
    const found = outcome(given, set);
    const different = firstDifference(found, right);
    if (different === undefined) continue;
    throw new Error(`${given.name} on ${set.name}, ${set.threads} threads: ${different}`);
  }
  return right;
}

/** Bits: 0 is not -0, but a NaN is a NaN. (Not toEqual, which takes longer than the models.) */
function firstDifference(a: Float32Array | string, b: Float32Array | string): string | undefined {
  if (typeof a === 'string' || typeof b === 'string') {
    return a === b ? undefined : `${String(a)} instead of ${String(b)}`;
  }
  if (a.length !== b.length) return `${a.length} numbers instead of ${b.length}`;
  const at = a.findIndex((value, i) => !Object.is(value, b[i]));
  return at < 0 ? undefined : `${a[at]} instead of ${b[at]} at ${at}`;
}

describe.skipIf(!isAddonBuilt())(notBuilt, () => {
  let sets: readonly KernelSet[];
  beforeAll(async () => {
    sets = await Promise.all(isas.flatMap((isa) => [1, 2, 3].map((n) => setOf(isa, n))));
  });

  it('equals the reference on binary convolutions with 1 to 130 channels', () => {
    for (const channels of channelCounts) {
      for (const [i, given] of binaryGrid(channels).entries()) {
        compare(
          given,
          sets.filter(({ threads }) => threads === 1 + (i % 3)),
        );
      }
    }
  });

  it('equals the reference on the layers of texts', () => {
    for (const given of textGrid()) compare(given, sets);
  });

  it(`equals the reference on ${drawn} drawn models`, { timeout: 3_600_000 }, () => {
    let refused = 0;
    const property = fc.property(fc.gen(), (draw) => {
      const given = drawnModel((min, max) => draw(fc.integer, { min, max }));
      if (typeof compare(given, sets) === 'string') refused += 1;
    });
    fc.assert(property, { numRuns: drawn });
    expect(refused, 'models that met a NaN at a sign').toBeGreaterThan(drawn / 100);
    expect(refused).toBeLessThan(drawn / 4);
  });

  it('sums in float32 where arithmetic is fast', () => {
    for (const [i, size] of [1, 3, 7].entries()) {
      const sketch = new Sketch([9, 17, 5 + i]);
      const next = uniform(i);
      const filters = 37 - i;
      const kernel = floatTensor([size, size, 5 + i, filters], () => next() - 0.5);
      const window = windowOf([size, size], [1 + (i % 2), 1], [1, 1], [i, i, i, i]);
      const attributes = { window, filters, groups: 1, padValue: 0, weights: 'f32' } as const;
      const name = sketch.add({ op: 'conv2d', attributes, inputs: ['x'], tensors: { kernel } });
      const source = sketch.source(name);
      const inputs = reals(2 * 9 * 17 * (5 + i), i);
      const exact = PackedModel.from(source, { kernels: 'reference' }).run(inputs);
      const most = Math.max(...exact.map(Math.abs));
      for (const kernels of sets) {
        const sums = PackedModel.from(source, { kernels, arithmetic: 'fast' }).run(inputs);
        expect(Math.max(...exact.map((v, k) => Math.abs(v - sums[k])))).toBeLessThan(1e-5 * most);
        // Not the instruction set's business: all sum in the same order, but some fuse and others do not.
        const twin = sets.find(({ name }) => name === kernels.name);
        const alone = PackedModel.from(source, { kernels: twin, arithmetic: 'fast' }).run(inputs);
        expect(sums, `${kernels.name}, ${kernels.threads} threads`).toEqual(alone);
      }
    }
  });

  it('tells of the first NaN, in whatever order tiles are computed', () => {
    const sketch = new Sketch([4, 5, 40]);
    const next = uniform(3);
    const affine = sketch.add({
      op: 'affine',
      attributes: {},
      inputs: ['x'],
      tensors: { b: floatTensor([40], next) },
    });
    const signs = sketch.add({ op: 'sign', attributes: { values: 'f32' }, inputs: [affine] });
    const source = sketch.source(signs);
    const inputs = reals(4 * 5 * 40, 1);
    const places = [
      [3, 0, 0],
      [1, 4, 2],
      [1, 2, 39],
      [1, 2, 20],
      [1, 1, 33],
    ];
    for (const [y, x, c] of places) {
      inputs[(y * 5 + x) * 40 + c] = NaN;
      const name = `${y},${x},${c}`;
      const message = compare({ name, source, inputs }, sets);
      expect(message).toContain(`node "${signs}" (sign, of layers: none) reads a NaN at [${name}]`);
    }
  });

  it('gives the same bits again, and after a NaN', () => {
    const given = binaryGrid(33)[2];
    const broken = Float32Array.from(given.inputs, () => NaN);
    for (const kernels of sets) {
      const model = PackedModel.from(given.source, { kernels });
      const first = model.run(given.inputs);
      expect(model.run(given.inputs)).toEqual(first);
      expect(() => model.run(broken)).toThrow(/reads a NaN at \[0,0,0\] of "x"/);
      expect(model.run(given.inputs)).toEqual(first);
    }
  });

  it('has its name in the description of a model', async () => {
    const { source } = binaryGrid(5)[0];
    const describeOn = async (threads: number): Promise<string> =>
      PackedModel.from(source, { kernels: await setOf(isas[0], threads) }).describe().kernels;
    expect(await describeOn(1)).toBe(`native (${isas[0]})`);
    expect(await describeOn(2)).toBe(`native (${isas[0]}), 2 threads`);
  });

  it('times every stage', async () => {
    const { source, inputs } = binaryGrid(5)[0];
    const model = PackedModel.from(source, { kernels: await packedKernels() });
    const example = inputs.slice(0, sizeOf(model.inputShape));
    const nodes = model.profile(example).flatMap((stage) => stage.nodes);
    expect(nodes).toEqual(source.graph.nodes.map(({ name }) => name));
  });

  it('refuses threads, options and instruction sets that there are not', async () => {
    for (const threads of [0, 1.5, 257, NaN]) {
      await expect(packedKernels({ threads })).rejects.toThrow(
        /^packedKernels threads: \S+ is not possible; allowed: 1 to 256$/,
      );
    }
    const unknown: object = { thread: 2 };
    await expect(packedKernels(unknown)).rejects.toThrow(InputError);
    await expect(setOf('mmx', 1)).rejects.toThrow(/SURGE_ISA=mmx is unknown; allowed here: /);
    await expect(setOf('mmx', 1)).rejects.toThrow(InputError);
  });

  it('refuses more memory than there is, in a sentence', async () => {
    const kernels = await packedKernels();
    expect(() => kernels.start(2 ** 32 + 1)).toThrow(
      /takes 4294967297 bytes of memory; the native kernels have at most 4294967296/,
    );
    const full = vi.fn(function () {
      throw new RangeError('Array buffer allocation failed');
    });
    vi.stubGlobal('ArrayBuffer', full);
    expect(() => kernels.start(100)).toThrow(/^there is no memory for the model's 100 bytes$/);
    vi.unstubAllGlobals();
    expect(full).toHaveBeenCalledWith(100);
  });

  describe('the addon', () => {
    let buffer: ArrayBuffer;
    let kernels: PackedMethods;
    beforeAll(() => {
      const addon = loadAddon();
      buffer = new ArrayBuffer(4096);
      kernels = new addon.PackedKernels('');
    });

    it('runs no program that is not one', () => {
      const words = new Int32Array(buffer);
      const run = (program: number, from: number, to: number, threads: number) => () =>
        kernels.run(buffer, program, from, to, threads);
      const wrong = /this is not a program in a memory of its own/;
      expect(run(8192, 0, 0, 1)).toThrow(wrong);
      expect(run(66, 0, 0, 1)).toThrow(wrong);
      expect(run(64, 0, 1, 1)).toThrow(wrong);
      // One stage whose only record is said to begin, then to end, behind the memory; then an op that there is not.
      words.set([1, 1024, 0, 0, 1, 1, 1, 5000], 16);
      expect(run(64, 0, 1, 1)).toThrow(wrong);
      words.set([1, 1024, 0, 0, 1, 1, 1, 128], 16);
      words.set([17, 2000], 32);
      expect(run(64, 0, 1, 1)).toThrow(wrong);
      words.set([99, 10], 32);
      expect(run(64, 0, 1, 1)).toThrow(wrong);
      expect(run(64, 0, 0, 50)).toThrow(wrong);
      expect(run(64, 0, 0, 1)).not.toThrow();
      expect(() => kernels.run(buffer.slice(0, 8), 0, 0, 0, 1)).toThrow(wrong);
      const loose: { run(...given: unknown[]): void } = kernels;
      expect(() => loose.run(words, 64, 0, 0, 1)).toThrow(/argument 0 must be an ArrayBuffer/);
    });
  });
});

afterEach(() => vi.unstubAllEnvs());
