/** The files of `npm run fuzz` are the same again by their number, and what is wrong with a file's fate is seen. */
import { describe, expect, it } from 'vitest';
import { PackedModel } from '../execute/packed-model.js';
import { smallDetector } from '../format/detectors.fixture.js';
import { tiny } from '../format/models.fixture.js';
import { encodeDetector, encodeModel } from '../format/write.js';
import { ModelFileError, ModelMemoryError } from '../model-file-error.js';
import type { KernelSet } from '../program/kernel-set.js';
import { wasmKernels } from '../wasm/kernels.js';
import { damagedFile } from './damaged-file.fixture.js';
import { tryFile } from './try-file.fixture.js';

describe('a damaged file', () => {
  const numbers = Array.from({ length: 200 }, (_, number) => number);

  it('is the same for a seed and a number, and another for others', () => {
    const texts = (seed: number) =>
      numbers.map((number) => Buffer.from(damagedFile(seed, number).bytes).toString('base64'));
    const first = texts(1);
    expect(texts(1)).toEqual(first);
    // A few small damages may be drawn twice.
    expect(new Set([...first, ...texts(2)]).size).toBeGreaterThan(380);
  });

  it('is damaged', () => {
    for (const number of numbers) {
      const { bytes, whole } = damagedFile(3, number);
      expect(Buffer.compare(bytes, whole)).not.toBe(0);
    }
  });

  it('comes from files that run, and is not always refused', async () => {
    const outcomes = new Set<string>();
    const names = new Set<string>();
    for (const number of numbers) {
      const { name, bytes, whole } = damagedFile(4, number);
      names.add(name.split(',')[0]);
      expect(await tryFile(whole, {})).toBe('ran');
      outcomes.add(await tryFile(bytes, {}));
    }
    expect([...outcomes]).toEqual(expect.arrayContaining(['refused', 'ran']));
    expect([...names].sort()).toEqual([
      ...[
        'branches',
        'by chance',
        'detector',
        'doubled',
        'int8',
        'pairs of texts',
        'picture',
        'single shot',
        'text',
        'tiny',
        'wide',
      ],
    ]);
  });
});

describe('a file that is tried', () => {
  const file = encodeModel(tiny());
  /** Wasm's, with something done to their memory after they ran. */
  const kernels = (after: (memory: Uint32Array) => void): KernelSet => ({
    ...wasmKernels,
    start(bytes) {
      const machine = wasmKernels.start(bytes);
      const run: typeof machine.run = (...program) => {
        machine.run(...program);
        after(new Uint32Array(machine.buffer));
      };
      return { ...machine, run };
    },
  });

  it('is held to the reference', async () => {
    expect(await tryFile(file, { kernels: 'wasm' })).toBe('ran');
    expect(await tryFile(file, { kernels: 'reference' })).toBe('ran');
    expect(await tryFile(file, { kernels: kernels(() => undefined) })).toBe('ran');
    const x = Float32Array.of(-5, 2, -2, 5, 1);
    const outputs = PackedModel.fromBytes(file, { kernels: 'reference' }).run(x);
    const bits = new Set(new Uint32Array(outputs.buffer));
    /** The last bit of every output is wrong, and of what has the same bits. */
    const off = kernels((memory) => {
      for (let i = 0; i < memory.length; i++) if (bits.has(memory[i])) memory[i] ^= 1;
    });
    await expect(tryFile(file, { kernels: off })).rejects.toThrow(
      /^output 0 is .*; the reference gives/,
    );
    expect(await tryFile(file, { kernels: off, arithmetic: 'fast' })).toBe('ran');
  });

  it('may not throw anything but a ModelFileError', async () => {
    const broken = kernels(() => {
      throw new RangeError('offset is out of bounds');
    });
    await expect(tryFile(file, { kernels: broken })).rejects.toThrow(RangeError);
  });

  it('may be refused by one kind of kernels for memory alone', async () => {
    const refusing = (error: Error) =>
      kernels(() => {
        throw error;
      });
    const detector = encodeDetector(smallDetector());
    const [nan, memory] = [new ModelFileError('a NaN'), new ModelMemoryError('too much')];
    for (const one of [file, detector]) {
      await expect(tryFile(one, { kernels: refusing(nan) })).rejects.toThrow(
        'the kernels gave "a NaN", the reference outputs',
      );
    }
    expect(await tryFile(detector, { kernels: refusing(memory) })).toBe('not run');
    const unable = (error: Error): KernelSet => ({
      ...wasmKernels,
      start: () => {
        throw error;
      },
    });
    expect(await tryFile(detector, { kernels: unable(memory) })).toBe('not run');
    await expect(tryFile(detector, { kernels: unable(nan) })).rejects.toThrow('is not loaded');
  });

  it('is not run without the memory that it needs', async () => {
    expect(await tryFile(file, { maxMemoryBytes: 10 })).toBe('not run');
    expect(await tryFile(file.subarray(1), {})).toBe('refused');
  });
});
