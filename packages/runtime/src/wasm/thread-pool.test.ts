/** Threads: the same bits for any number of them, errors that name what is wrong, and an end. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { randomNumbers, signTensor, sourceOf, squareWindow } from '../execute/graph.fixture.js';
import type { Draft } from '../execute/graph.fixture.js';
import { PackedModel } from '../execute/packed-model.js';
import { encodeModel } from '../format/write.js';
import { load } from '../load.js';
import { ThreadPool } from './thread-pool.js';

/** Some binary convolutions one after the other, each on the signs of the one before. */
function network(height: number, width: number, channels: readonly number[], seed: number) {
  const random = randomNumbers(seed);
  const drafts = channels.slice(1).flatMap((filters, i): Draft[] => {
    const rows = Array.from({ length: filters }, () =>
      Array.from({ length: 9 * channels[i] }, () => (random() < 0.5 ? -1 : 1)),
    );
    const window = squareWindow(3, 1, 1);
    return [
      { op: 'sign', attributes: { values: 'bits' } },
      {
        op: 'binaryConv2d',
        attributes: { window, filters, groups: 1, padValue: 0 },
        tensors: { kernel: signTensor(rows) },
      },
    ];
  });
  return sourceOf([height, width, channels[0]], drafts);
}

function inputs(count: number, seed: number): Float32Array {
  const random = randomNumbers(seed);
  return Float32Array.from({ length: count }, () => random() - 0.5);
}

const pools: ThreadPool[] = [];

async function poolOf(threads: number): Promise<ThreadPool> {
  const pool = await ThreadPool.start(threads);
  pools.push(pool);
  return pool;
}

afterEach(() => {
  vi.unstubAllGlobals();
  for (const pool of pools.splice(0)) pool.close();
});

describe('threads', () => {
  it('give the same bits, however many they are', async () => {
    const sets = await Promise.all([2, 3].map(poolOf));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 2, maxLength: 4 }),
        fc.nat(),
        (height, width, channels, seed) => {
          const source = network(height, width, channels, seed);
          const x = inputs(3 * height * width * channels[0], seed);
          const expected = PackedModel.from(source, { kernels: 'reference' }).run(x);
          for (const kernels of sets) {
            const model = PackedModel.from(source, { kernels });
            expect(model.run(x)).toEqual(expected);
            model.close();
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('serve several models in turn, and many runs', async () => {
    const kernels = await poolOf(2);
    const sources = [network(6, 5, [3, 40, 8], 1), network(2, 2, [9, 33], 2)];
    const models = sources.map((source) => PackedModel.from(source, { kernels }));
    const plain = sources.map((source) => PackedModel.from(source, { kernels: 'reference' }));
    for (let i = 0; i < 100; i++) {
      const x = [inputs(90, i), inputs(36, i)];
      models.forEach((model, m) => expect(model.run(x[m])).toEqual(plain[m].run(x[m])));
    }
    expect(models[0].describe().kernels).toBe('wasm, 2 threads');
  });

  it('find the first NaN', async () => {
    const source = sourceOf([40, 3], [{ op: 'sign', attributes: { values: 'f32' } }]);
    const model = PackedModel.from(source, { kernels: await poolOf(2) });
    const x = inputs(120, 1);
    x[100] = x[50] = x[51] = NaN;
    expect(() => model.run(x)).toThrow(/reads a NaN at \[16,2\] of "x"/);
    expect(model.run(inputs(120, 2))).toHaveLength(120);
  });

  it('are started by load, and end with the model', async () => {
    const source = network(4, 4, [2, 16], 3);
    const model = await load(encodeModel(source), { threads: 2 });
    const x = inputs(32, 4);
    expect(model.describe().kernels).toBe('wasm, 2 threads');
    expect(model.run(x)).toEqual(PackedModel.from(source).run(x));
    model.close();
    expect(() => model.run(x)).toThrow(/was closed/);
  });

  it('by "auto" are as many as the cores, at most 4', async () => {
    vi.stubGlobal('navigator', { hardwareConcurrency: 3 });
    const bytes = encodeModel(network(1, 1, [1, 1], 3));
    const model = await load(bytes, { threads: 'auto' });
    expect(model.describe().kernels).toBe('wasm, 3 threads');
    model.close();
    vi.stubGlobal('crossOriginIsolated', false);
    const alone = await load(bytes, { threads: 'auto' });
    expect(alone.describe().kernels).toBe('wasm');
  });

  it('are refused where they cannot be', async () => {
    const bytes = encodeModel(network(1, 1, [1, 1], 3));
    await expect(load(bytes, { threads: 0 })).rejects.toThrow(/threads is 0; allowed: integers/);
    await expect(load(bytes, { threads: 1.5 })).rejects.toThrow(/threads is 1.5/);
    await expect(load(bytes, { threads: 2, kernels: 'reference' })).rejects.toThrow(/threads is 2/);
    expect(() => PackedModel.fromBytes(bytes, { threads: 2 })).toThrow(
      /load\(\.\.\) and loadDetector\(\.\.\) have them/,
    );
    vi.stubGlobal('crossOriginIsolated', false);
    await expect(load(bytes, { threads: 2 })).rejects.toThrow(/cross-origin isolated/);
    await expect(load(bytes, { threads: 1 })).resolves.toBeInstanceOf(PackedModel);
  });

  it('do not keep a program from ending', () => {
    const index = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
    const script = `const { ThreadPool } = await import(${JSON.stringify(index)});
      await ThreadPool.start(3); console.log('started');`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(output).toBe('started\n');
  });
});
