/** What is foreseen against what real runs come to; that foreseeing changes no bit of them; and refusals. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { makeImageSet } from '@surge-bnn/data';
import type { ImageSet } from '@surge-bnn/data';
import { backendMemory, heapRoom } from '@surge-bnn/engine';
import type { BackendName } from '@surge-bnn/engine';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCheckpoint } from '../checkpoint/checkpoint.js';
import { compareRuns } from '../compare/compare.js';
import { engineRecord } from '../engine-record.js';
import { openStage } from '../open-stage.js';
import { defaultParts } from '../parts.js';
import type { Parts } from '../parts.js';
import { readSummary } from '../run-folder.js';
import { runTraining } from '../run.js';
import { dataHashOf } from '../source.js';
import { planStages } from '../stage-plan.js';
import { classification } from '../task/classification.js';
import { tinyModel, tinyParts, tinyRecipe } from '../testing/fixture.js';
import { nativeBackends } from '../testing/native.js';
import type { MemoryPlan, TrainEvent } from '../types.js';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'memory-'));
});
afterAll(() => rm(base, { recursive: true }));

/** Pictures of which no value matters, but that they are not all one. */
function pictures(split: 'train' | 'test', count: number, size: number, channels: number) {
  const images = new Uint8Array(count * size * size * channels);
  for (let i = 0; i < images.length; i += 2) images[i] = (i * 37) % 251;
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 4);
  return makeImageSet({
    name: 'made up',
    split,
    images,
    labels,
    count,
    height: size,
    width: size,
    channels,
    classes: ['0', '1', '2', '3'],
    origin: 'made up',
  });
}

function partsWith(train: ImageSet, evaluation: ImageSet, backend: BackendName): Parts {
  return {
    ...tinyParts(backend),
    data: () => Promise.resolve({ train, evaluation, evaluatedOn: 'test' }),
    model: (recipe, set) =>
      recipe.network.name === 'tiny' && 'images' in set
        ? tinyModel(recipe, train)
        : defaultParts.model(recipe, set),
  };
}

/** Its heap is empty when it is asked for next. */
function forget(backend: BackendName): void {
  if (tf.findBackend(backend)) tf.removeBackend(backend);
}

function planOf(events: readonly TrainEvent[]): MemoryPlan | undefined {
  for (const event of events) if (event.type === 'start') return event.memory;
  return undefined;
}

const sgd = { name: 'sgd', learningRate: 0.01 };
const small = { name: 'resnet-20', options: { width: 8 } };
const cnn = { name: 'digits-cnn', options: { width: 8 } };

describe('what is foreseen', () => {
  const cases: [string, Record<string, unknown>, number, number][] = [
    ['ResNet-20, STE', { network: small, compensator: 'none' }, 16, 3],
    ['ResNet-20, SURGE', { network: small, compensator: 'surge' }, 32, 3],
    ['ResNet-20, accumulation', { network: small, accumulate: 3, 'clip.globalNorm': 1 }, 16, 3],
    ['VGG-Small', { network: { name: 'vgg-small', options: { width: 32 } } }, 16, 3],
    ['digits CNN', { network: cnn, batchSize: 40 }, 28, 1],
    ['digits CNN, batch norm anew', { network: cnn, batchSize: 40, reestimateNorm: 2 }, 28, 1],
    ['MLP, Adam', { network: { name: 'mlp', options: { units: 256 } } }, 28, 1],
    ['averaged weights', { network: cnn, averaging: { type: 'swa', from: 0.5 } }, 28, 1],
    ['a composed method', { network: small, binarizer: 'ir-net' }, 16, 3],
    [
      'weights that are real at first',
      { network: cnn, binarizer: { name: 'biper', realUntil: 0.5 }, floorToEpochs: true },
      28,
      1,
    ],
    [
      'eta that begins at 0',
      { network: cnn, 'compensator.eta': { type: 'linear', from: 0, to: 0.3 } },
      28,
      1,
    ],
    [
      'stages of different methods',
      {
        network: cnn,
        stages: [
          { epochs: 1, binarizer: 'identity', compensator: 'none' },
          { epochs: 1, batchSize: 40 },
        ],
      },
      28,
      1,
    ],
  ];

  // The blocks are those of surge-wasm; its own buffers are those of the binary layers.
  const onNative = new Set(['ResNet-20, accumulation', 'digits CNN', 'VGG-Small']);
  for (const backend of ['surge-wasm', ...nativeBackends] as const) {
    const chosen = backend === 'surge-wasm' ? cases : cases.filter(([name]) => onNative.has(name));
    it.each(chosen)(`is what %s comes to on ${backend}`, async (name, set, size, channels) => {
      forget(backend);
      const parts = partsWith(
        pictures('train', 88, size, channels),
        pictures('test', 30, size, channels),
        backend,
      );
      const optimizer = name.endsWith('Adam') ? {} : { optimizer: sgd };
      const which = tinyRecipe({ ...optimizer, epochs: 2, batchSize: 32, ...set });
      const out = join(base, `${name}-${backend}`);
      const events: TrainEvent[] = [];
      const { memory } = await runTraining(which, { out, onEvent: (e) => events.push(e) }, parts);
      const end = (heapRoom()?.endBytes ?? NaN) + (backendMemory()?.providerBytes ?? NaN);
      // The blocks are foreseen to the byte, scratch memory by an upper bound.
      expect(memory?.bytes).toBeGreaterThanOrEqual(0.99 * end);
      expect(memory?.bytes).toBeLessThan(1.05 * end + 2e6);
      expect(memory?.images).toBe(
        name.includes('accumulation') ? 11 : which.stages ? 40 : which.batchSize,
      );
      const plan = planOf(events);
      expect(plan).toMatchObject({ ...memory });
      expect(plan?.there).toBeGreaterThan(0);
      expect((await readSummary(out))?.memory).toEqual(memory);
      // Nothing of the copy is left.
      expect(backendMemory()?.liveBlocks).toBe(0);
    });
  }

  it('is what a distillation comes to, the teacher included', async () => {
    forget('surge-wasm');
    const parts = partsWith(
      pictures('train', 40, 28, 1),
      pictures('test', 20, 28, 1),
      'surge-wasm',
    );
    const recipe = { network: cnn, optimizer: sgd, epochs: 1, batchSize: 40 };
    const teacher = join(base, 'teacher');
    await runTraining(tinyRecipe(recipe), { out: teacher }, parts);
    forget('surge-wasm');
    const taught = tinyRecipe({ ...recipe, distillation: { teacher } });
    const { memory } = await runTraining(taught, { out: join(base, 'taught') }, parts);
    const end = heapRoom()?.endBytes ?? NaN;
    expect(memory?.bytes).toBeGreaterThanOrEqual(0.99 * end);
    expect(memory?.bytes).toBeLessThan(1.05 * end + 2e6);
  });

  it("is nothing on TF.js's own backend", async () => {
    const events: TrainEvent[] = [];
    const options = { out: join(base, 'cpu'), onEvent: (e: TrainEvent) => void events.push(e) };
    const summary = await runTraining(tinyRecipe({ epochs: 1 }), options, tinyParts('cpu'));
    expect(planOf(events)).toBeUndefined();
    expect(summary).not.toHaveProperty('memory');
  });
});

describe('foreseeing', () => {
  const parts = tinyParts();

  it.each([
    ['SURGE with a moving-average lam', {}],
    ['averaged weights and clipping', { averaging: { type: 'ema', decay: 0.9 }, 'clip.value': 1 }],
    ['a learnable, random scale', { binarizer: { name: 'recu', scale: 'learnable' } }],
    ['signs that flip (Bop)', { binarizer: 'bop' }],
  ])('leaves no trace in a run: %s', async (name, set) => {
    // Without an evaluation but the last one, so that the loop below is all of the training.
    const recipe = tinyRecipe({ ...set, epochs: 3, evaluateEvery: 3 });
    const out = join(base, name);
    const { hashes } = await runTraining(recipe, { out }, parts);

    // The same run without anything foreseen: a stage is opened and stepped through.
    const start = await parts.engine(recipe.engine);
    const task = classification(await parts.data(recipe), parts);
    const stage = await openStage(
      {
        recipe,
        options: { out: '' },
        parts,
        start,
        engine: engineRecord(start),
        task,
        dataHash: dataHashOf(task.data),
        plan: planStages(recipe, task.data.train.count),
      },
      'fresh',
    );
    try {
      const { session, loader } = stage;
      for (let epoch = 0; epoch < 3; epoch++) {
        for await (const batch of loader.epoch(epoch)) session.trainStep(batch);
        session.endEpoch(undefined);
      }
      const saved = await loadCheckpoint(out, 'last');
      const { state, tensors } = session.save(saved.state.logs);
      expect(session.weightsHash()).toBe(hashes.weights);
      expect(session.initialWeightsHash).toBe(hashes.initialWeights);
      expect(state.compensators).toEqual(saved.state.compensators);
      expect([...tensors.keys()].sort()).toEqual([...saved.tensors.keys()].sort());
      for (const [key, { values }] of tensors) {
        expect(Array.from(saved.tensors.get(key)?.values ?? [])).toEqual(Array.from(values));
      }
    } finally {
      await stage.close();
    }
  });

  it('ends with Ctrl-C, and the run then stops before its first step', async () => {
    const out = join(base, 'early');
    const events: TrainEvent[] = [];
    const options = {
      out,
      signal: AbortSignal.abort(),
      onEvent: (e: TrainEvent) => events.push(e),
    };
    const { status, steps } = await runTraining(tinyRecipe(), options, parts);
    expect({ status, steps }).toEqual({ status: 'aborted', steps: 0 });
    expect(planOf(events)).toBeUndefined();
    const { memory } = await runTraining(tinyRecipe(), { out, resume: true }, parts);
    expect(memory?.images).toBe(16);
  });

  it('is told when a run goes on, too', async () => {
    const out = join(base, 'resumed');
    const plans: (MemoryPlan | undefined)[] = [];
    const onEvent = (event: TrainEvent) => {
      if (event.type === 'start') plans.push(event.memory);
    };
    await runTraining(tinyRecipe(), { out, stopAfter: 1, onEvent }, parts);
    const { memory } = await runTraining(tinyRecipe(), { out, resume: true, onEvent }, parts);
    expect(plans).toHaveLength(2);
    expect(plans[1]).toMatchObject({ kept: plans[0]?.kept, images: 16 });
    expect(memory?.bytes).toBe(plans[1]?.bytes);
  });
});

describe('a run that 32-bit addresses cannot hold', () => {
  let parts: Parts;
  const large = { network: 'tiny', epochs: 1 };
  beforeAll(() => {
    forget('surge-wasm');
    parts = partsWith(pictures('train', 1_200_000, 6, 1), pictures('test', 20, 6, 1), 'surge-wasm');
  });

  const refused = async (set: Record<string, unknown>, out = join(base, 'refused')) => {
    const error: unknown = await runTraining(
      tinyRecipe({ ...large, ...set }),
      { out },
      parts,
    ).catch((e: unknown) => e);
    if (error instanceof InputError) return error.message;
    throw error;
  };

  it('is refused before it has a folder, with what would fit', async () => {
    const message = await refused({ batchSize: 2_000_000 });
    expect(message).toMatch(
      /^the run needs [\d.]+ GB of memory and surge-wasm, with addresses of 32 bits, has 4\.29 GB: each of 1,200,000 images/,
    );
    expect(message).toMatch(/takes [\d.]+ kB, weights and optimizer states [\d.]+ kB/);
    await expect(readdir(join(base, 'refused'))).rejects.toThrow('ENOENT');
    expect(tf.memory().numTensors).toBe(0);

    const [, batchSize] = /--set batchSize=(\d+)/.exec(message)?.map(Number) ?? [];
    expect(batchSize).toBeGreaterThan(1000);
    expect(await refused({ batchSize: Math.floor(1.1 * batchSize) })).toMatch(/the run needs/);
    const [, accumulate] = /--set accumulate=(\d+)/.exec(message)?.map(Number) ?? [];
    expect(accumulate).toBeGreaterThan(1);
    expect(await refused({ batchSize: 2_000_000, accumulate: accumulate - 1 })).toMatch(
      /the run needs/,
    );
  });

  it('names the stage whose batch is too large', async () => {
    const stages = [{ epochs: 1, batchSize: 100 }, { epochs: 1 }];
    expect(await refused({ batchSize: 2_000_000, stages, epochs: 2 })).toContain(
      '--set batchSize=',
    );
    const own = [{ epochs: 1 }, { epochs: 1, batchSize: 2_000_000 }];
    expect(await refused({ batchSize: 100, stages: own, epochs: 2 })).toContain(
      '--set stages.1.batchSize=',
    );
    const both = [
      { epochs: 1, batchSize: 1_000_000 },
      { epochs: 1, batchSize: 2_000_000, accumulate: 2 },
    ];
    expect(await refused({ stages: both, epochs: 2 })).toMatch(
      /--set stages\.0\.batchSize=(\d+) --set stages\.1\.batchSize=\1\), and --set accumulate=(\d) --set stages\.1\.accumulate=\2 /,
    );
  });

  it('is refused as an arm of a comparison before another one has begun', async () => {
    const out = join(base, 'comparison');
    const comparison = compareRuns(
      {
        name: 'sizes',
        recipe: tinyRecipe({ ...large, batchSize: 100_000 }),
        arms: [
          { name: 'small', set: {} },
          { name: 'large', set: { batchSize: 2_000_000 } },
        ],
        pairs: [['large', 'small']],
        seeds: [1, 2],
        out,
      },
      () => undefined,
      parts,
    );
    await expect(comparison).rejects.toThrow(/^arm "large": the run needs [\d.]+ GB of memory/);
    expect(await readdir(out)).toEqual([]);
  });
});
