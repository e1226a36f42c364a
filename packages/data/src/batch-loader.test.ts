import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { planBatches } from './batch-maker.js';
import { BatchLoader } from './batch-loader.js';
import { channelStatistics } from './image-set.js';
import { buildPackage, randomSet, temporaryFolder } from './sets.fixture.js';
import type { Batch, BatchLoaderOptions } from './types.js';
import { WorkerProducer } from './worker-producer.js';

const set = randomSet(23);
const options: BatchLoaderOptions = {
  batchSize: 5,
  seed: 11,
  normalization: channelStatistics(set),
  augmentation: [
    { kind: 'shift', maxPixels: 1 },
    { kind: 'affine', degrees: 15, scale: 0.1, shear: 5 },
    { kind: 'flip' },
  ],
};

/** Copies: the loader takes its arrays back. */
const copyOf = ({ images, labels, indices, count }: Batch) => ({
  images: [...images],
  labels: [...labels],
  indices: [...indices],
  count,
});

async function read(loader: BatchLoader, epoch: number, firstBatch = 0) {
  const batches: ReturnType<typeof copyOf>[] = [];
  for await (const batch of loader.epoch(epoch, firstBatch)) batches.push(copyOf(batch));
  return batches;
}

async function readAll(changes: Partial<BatchLoaderOptions>, epoch = 0, firstBatch = 0) {
  const loader = new BatchLoader(set, { ...options, ...changes });
  try {
    return await read(loader, epoch, firstBatch);
  } finally {
    await loader.close();
  }
}

// The worker runs from dist: compile what is being tested.
beforeAll(buildPackage);

describe.each([0, 1, 3])('BatchLoader with %d workers', (workers) => {
  it('gives every picture once per epoch, in another order each time', async () => {
    const loader = new BatchLoader(set, { ...options, workers });
    const [first, second] = [await read(loader, 0), await read(loader, 1)];
    await loader.close();
    for (const epoch of [first, second]) {
      expect(epoch.map((batch) => batch.count)).toEqual([5, 5, 5, 5, 3]);
      const indices = epoch.flatMap((batch) => batch.indices);
      expect([...indices].sort((a, b) => a - b)).toEqual(Array.from({ length: 23 }, (_, i) => i));
      expect(epoch.flatMap((batch) => batch.labels)).toEqual(indices.map((i) => set.labels[i]));
    }
    expect(first.map((batch) => batch.indices)).not.toEqual(second.map((batch) => batch.indices));
    expect(loader.batchesPerEpoch).toBe(5);
    expect(loader.picturesPerEpoch).toBe(23);
  });

  it('normalises by its definition and keeps the order of the set when asked', async () => {
    const batches = await readAll({ workers, shuffle: false, augmentation: [], dropLast: true });
    expect(batches.map((batch) => batch.count)).toEqual([5, 5, 5, 5]);
    expect(batches.flatMap((batch) => batch.indices)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
    const { mean, std } = options.normalization;
    batches
      .flatMap((batch) => batch.images)
      .forEach((value, i) => {
        const wanted = (set.images[i] / 255 - mean[i % 3]) / std[i % 3];
        expect(value).toBe(Math.fround(wanted));
      });
  });

  it('makes any epoch again from any batch on, bit for bit', async () => {
    const whole = await readAll({ workers }, 3);
    expect(await readAll({ workers }, 3, 2)).toEqual(whole.slice(2));
    expect(await readAll({ workers }, 3, 5)).toEqual([]);
    expect(await readAll({ workers, seed: 12 }, 3)).not.toEqual(whole);
  });

  it('changes a picture by seed, epoch and index, whatever batch it falls into', async () => {
    const pictures = (batches: Awaited<ReturnType<typeof readAll>>) =>
      new Map(
        batches.flatMap((batch) =>
          batch.indices.map((index, i) => [index, batch.images.slice(i * 60, (i + 1) * 60)]),
        ),
      );
    const small = pictures(await readAll({ workers }, 2));
    const large = pictures(await readAll({ workers, batchSize: 9, shuffle: false }, 2));
    expect(large).toEqual(new Map([...small].sort(([a], [b]) => a - b)));
    expect(pictures(await readAll({ workers }, 3))).not.toEqual(small);
  });

  it('survives a loop left early and two loops at once', async () => {
    const loader = new BatchLoader(set, { ...options, workers });
    const wanted = await read(loader, 0);
    for await (const batch of loader.epoch(0)) {
      expect(copyOf(batch)).toEqual(wanted[0]);
      break;
    }
    const [one, other] = await Promise.all([read(loader, 0), read(loader, 0)]);
    expect(one).toEqual(wanted);
    expect(other).toEqual(wanted);
    await loader.close();
  });

  it('recycles its buffers', async () => {
    const loader = new BatchLoader(set, { ...options, batchSize: 1, workers });
    let seen = 0;
    let previous: Float32Array | undefined;
    for await (const batch of loader.epoch(0)) {
      // The old buffer is with the worker (until there is nothing more to prepare), or written anew.
      if (workers === 1 && seen >= 1 && seen < 22) expect(previous?.length).toBe(0);
      if (workers === 0 && seen >= 1) expect(previous?.buffer).toBe(batch.images.buffer);
      previous = batch.images;
      seen++;
    }
    await loader.close();
    expect(seen).toBe(23);
  });

  it('refuses to go on after close', async () => {
    const loader = new BatchLoader(set, { ...options, workers });
    await loader.close();
    await loader.close();
    await expect(read(loader, 0)).rejects.toThrow(/was closed/);
  });
});

it('gives the same bits with and without a worker', async () => {
  for (const epoch of [0, 7]) {
    expect(await readAll({ workers: 1 }, epoch)).toEqual(await readAll({ workers: 0 }, epoch));
  }
});

it('takes memory for the set and no more, however large the batches are said to be', async () => {
  expect(await readAll({ batchSize: 1e12 })).toEqual(await readAll({ batchSize: set.count }));
});

describe('what the loader refuses', () => {
  it.each<[Partial<BatchLoaderOptions>, RegExp]>([
    [{ batchSize: 0 }, /batchSize must be an integer of at least 1, got 0/],
    [{ batchSize: 24, dropLast: true }, /leaves no batch of the 23 pictures/],
    [{ seed: NaN }, /seed must be a finite number/],
    [{ workers: -1 }, /workers must be an integer in 0 to 64, got -1/],
    [{ workers: 1.5 }, /workers must be an integer in 0 to 64, got 1.5/],
    [{ normalization: { mean: [0], std: [1] } }, /1 means and 1 deviations/],
    [{ normalization: { mean: [0, 0, NaN], std: [1, 1, 1] } }, /mean of channel 2/],
    [{ normalization: { mean: [0, 0, 0], std: [1, 0, 1] } }, /deviation of channel 1 .* above 0/],
    [{ augmentation: [{ kind: 'shift', maxPixels: -1 }] }, /maxPixels/],
    [{ augmentation: [{ kind: 'padCrop', pixels: 4, padding: 'reflect' }] }, /allowed: 0 to 3/],
  ])('%j', (changes, message) => {
    const make = () => new BatchLoader(set, { ...options, ...changes });
    expect(make).toThrow(InputError);
    expect(make).toThrow(message);
  });

  it('an empty set', () => {
    expect(() => new BatchLoader(randomSet(0), options)).toThrow(/is empty/);
  });

  it.each([-1, 0.5, NaN])('epoch %s', async (epoch) => {
    await expect(readAll({ workers: 0 }, epoch)).rejects.toThrow(/epoch must be an integer/);
    await expect(readAll({ workers: 0 }, 0, epoch)).rejects.toThrow(/firstBatch must be/);
  });
});

describe('the worker', () => {
  const plan = planBatches(set, options);
  const workerOf = async (code: string) => {
    const file = path.join(await temporaryFolder(), 'worker.mjs');
    await writeFile(file, `import { parentPort } from 'node:worker_threads';\n${code}`);
    return new WorkerProducer(set, plan, { file });
  };

  it('that throws says what it was doing', async () => {
    const worker = await workerOf(`parentPort.on('message', () => { throw new Error('oh no'); });`);
    const both = [worker.prepare(2, 4), worker.prepare(2, 5)];
    await expect(both[0]).rejects.toThrow(
      'the batch worker died preparing batch 4 of epoch 2: oh no',
    );
    await expect(both[1]).rejects.toThrow(/batch 5 of epoch 2: oh no/);
    await expect(worker.prepare(2, 6)).rejects.toThrow(/oh no/);
    await worker.close();
  });

  it('that ends says so', async () => {
    const worker = await workerOf(`parentPort.on('message', () => process.exit(3));`);
    await expect(worker.prepare(0, 0)).rejects.toThrow(/it ended with exit code 3/);
    await worker.close();
  });

  it('that never answers can be closed', async () => {
    const worker = await workerOf(`parentPort.on('message', () => { for (;;); });`);
    const waiting = expect(worker.prepare(0, 0)).rejects.toThrow(/was closed/);
    await worker.close();
    await waiting;
  });

  it('that was not built names the way out', () => {
    expect(() => new WorkerProducer(set, plan, { file: '/nowhere/worker.js' })).toThrow(
      /npm run build/,
    );
  });

  it('does not keep the process alive, nor lets it end while a batch is awaited', async () => {
    const dist = new URL('../dist/index.js', import.meta.url).href;
    const script = `
      import { BatchLoader, makeImageSet } from ${JSON.stringify(dist)};
      const set = makeImageSet({ name: 'x', split: 'train', images: new Uint8Array(12),
        labels: new Uint8Array(3), count: 3, height: 2, width: 2, channels: 1, classes: ['a'], origin: '' });
      const normalization = { mean: [0], std: [1] };
      const loader = new BatchLoader(set, { batchSize: 2, seed: 1, normalization });
      let pictures = 0;
      for await (const batch of loader.epoch(0)) pictures += batch.count;
      console.log(pictures); // and no close()
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', script],
      { timeout: 60_000, cwd: fileURLToPath(new URL('..', import.meta.url)) },
    );
    expect(stdout.trim()).toBe('3');
  });
});
