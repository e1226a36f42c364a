/**
 * How fast batches are prepared, and whether a training would wait for them.
 *
 *   npm run bench:data -- [--quick] [--json] [--workers 0,1,2]
 *
 * CIFAR's shapes from memory with flip and crop; a folder of JPEGs of 32 x 32 decoded batch by batch; one of
 * 500 x 375 with ImageNet's random resized crop to 224. For each number of worker threads: images a second when
 * nothing else runs, the process's CPU time for a batch, and the time that a loop of steps waits for its
 * batch when a step computes for --step milliseconds (default 130, a native ResNet-20 step of 128 pictures on
 * two cores). The pictures are made here, by a fixed seed.
 */
import { Buffer } from 'node:buffer';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BatchLoader, makeImageSet, openPictures, randomStream } from '@surge-bnn/data';
import { table } from './lib/table.mjs';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    workers: { type: 'string', default: '0,1,2,4' },
    step: { type: 'string', default: '130' },
  },
});
const workerCounts = options.workers.split(',').map(Number);
const stepMilliseconds = Number(options.step);
if (!workerCounts.every((n) => Number.isInteger(n) && n >= 0) || !(stepMilliseconds >= 0)) {
  console.error('--workers takes whole numbers such as 0,1,2; --step takes milliseconds');
  process.exit(2);
}
const batches = options.quick ? 4 : 40;
const loadBefore = loadavg()[0];
const normalization = { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] };

const folder = await mkdtemp(path.join(tmpdir(), 'surge-bnn-bench-'));
process.env.SURGE_BNN_CACHE = path.join(folder, 'cache');
try {
  const cases = await makeCases();
  const rows = [];
  for (const one of cases) {
    for (const workers of workerCounts) rows.push(await measure(one, workers));
  }
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    node: process.version,
    loadBefore,
  };
  if (options.json) console.log(JSON.stringify({ machine, stepMilliseconds, rows }, undefined, 2));
  else print(machine, rows);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function makeCases() {
  const moves = [{ kind: 'padCrop', pixels: 4 }, { kind: 'flip' }];
  const imageNet = [{ kind: 'randomResizedCrop' }, { kind: 'flip' }];
  const count = options.quick ? 512 : 4096;
  const random = randomStream(1, 'benchmark');
  const images = Uint8Array.from({ length: count * 3072 }, () => random.integer(256));
  const memory = makeImageSet({
    name: 'made up',
    split: 'train',
    images,
    labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
    count,
    height: 32,
    width: 32,
    channels: 3,
    classes: Array.from({ length: 10 }, (_, i) => String(i)),
    origin: 'a benchmark',
  });
  const small = await folderSet('small', 32, 32, options.quick ? 256 : 2048, 32);
  const large = await folderSet('large', 500, 375, options.quick ? 64 : 256, 224);
  return [
    { name: '32x32 in memory, crop and flip', set: memory, batchSize: 128, augmentation: moves },
    { name: '32x32 JPEGs, crop and flip', set: small, batchSize: 128, augmentation: moves },
    {
      name: '500x375 JPEGs, random crop to 224',
      set: large,
      batchSize: 32,
      augmentation: imageNet,
    },
  ];
}

/** A folder of JPEGs of smooth random pictures: noise would make them larger than photographs are. */
async function folderSet(name, width, height, count, size) {
  const { default: sharp } = await import('sharp');
  const random = randomStream(2, name);
  for (let i = 0; i < count; i++) {
    const rough = Buffer.from(Uint8Array.from({ length: 16 * 16 * 3 }, () => random.integer(256)));
    const bytes = await sharp(rough, { raw: { width: 16, height: 16, channels: 3 } })
      .resize(width, height, { fit: 'fill' })
      .jpeg({ quality: 85 })
      .toBuffer();
    const place = path.join(folder, name, 'train', i % 2 === 0 ? 'even' : 'odd');
    await mkdir(place, { recursive: true });
    await writeFile(path.join(place, `${i}.jpg`), bytes);
  }
  const directory = path.join(folder, name);
  return openPictures('folder', { split: 'train', directory, size, decode: 'each-batch' });
}

async function measure({ name, set, batchSize, augmentation }, workers) {
  const loader = new BatchLoader(set, { batchSize, seed: 1, normalization, augmentation, workers });
  try {
    await run(loader, 2, 0); // threads started, code compiled
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    const { pictures } = await run(loader, batches, 0);
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    const { waits } = await run(loader, Math.max(8, batches / 4), stepMilliseconds);
    return {
      name,
      workers,
      batchSize,
      imagesPerSecond: pictures / seconds,
      cpuMillisecondsPerBatch: (user + system) / 1000 / batches,
      waitMilliseconds: median(waits),
      longestWaitMilliseconds: Math.max(...waits),
    };
  } finally {
    await loader.close();
  }
}

/** Takes `count` batches, computing for `step` milliseconds on each, as a training's synchronous step does. */
async function run(loader, count, step) {
  let pictures = 0;
  let taken = 0;
  const waits = [];
  for (let epoch = 0; taken < count; epoch++) {
    // The first batch of an epoch is waited for by nature: nobody could ask for it before.
    let asked;
    for await (const batch of loader.epoch(epoch)) {
      if (asked !== undefined) waits.push(performance.now() - asked);
      pictures += batch.count;
      taken++;
      const until = performance.now() + step;
      while (performance.now() < until);
      if (taken === count) break;
      if (step > 0) await setImmediate();
      asked = performance.now();
    }
  }
  return { pictures, waits };
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function print(machine, rows) {
  console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, load ${loadBefore}\n`);
  console.log(
    table(
      [
        'what',
        'workers',
        'batch',
        'images/s',
        'CPU ms a batch',
        `wait ms at ${stepMilliseconds} ms`,
        'longest',
      ],
      rows.map((row) => [
        row.name,
        String(row.workers),
        String(row.batchSize),
        row.imagesPerSecond.toFixed(0),
        row.cpuMillisecondsPerBatch.toFixed(1),
        row.waitMilliseconds.toFixed(1),
        row.longestWaitMilliseconds.toFixed(1),
      ]),
    ),
  );
}
