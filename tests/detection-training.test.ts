/** A detector as a run: trained, stopped and gone on with, evaluated from its folder, compared, begun with a classifier's weights, and refused. */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { backendMemory } from '@surge-bnn/engine';
import { buildModel } from '@surge-bnn/models';
import {
  applyOverrides,
  compareRuns,
  defaultParts,
  detectInSet,
  evaluateRun,
  judge,
  loadCheckpoint,
  loadDetectorRun,
  loadRun,
  parseRecipe,
  readMetrics,
  runTraining,
} from '@surge-bnn/train';
import type { Parts, Recipe, RecipeInput } from '@surge-bnn/train';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shapesFolder } from './annotated-shapes.js';
import { backends } from './backends.js';

let folder: string;
/** What the first engine finds. */
let first: Awaited<ReturnType<typeof detectInSet>> | undefined;
const parts: Parts = { ...defaultParts, workers: 0 };

const input: RecipeInput = {
  name: 'shapes',
  data: { name: 'voc' },
  network: {
    name: 'faster-rcnn',
    options: {
      backbone: { network: 'imagenet-resnet-18', options: { width: 4 } },
      neckWidth: 8,
      headWidth: 16,
      headPrecision: 'binary',
      anchorSizes: [16, 24, 32, 48, 64],
      trainingProposals: { before: 60, after: 30 },
      proposals: { before: 40, after: 20 },
    },
  },
  compensator: { eta: 0.3, lambda: { movingAverage: 0.5 } },
  optimizer: { name: 'adam', learningRate: 0.003 },
  clip: { globalNorm: 10 },
  epochs: 3,
  batchSize: 2,
  seed: 4,
  engine: { backend: 'wasm' },
  detection: { size: { width: 96, height: 64 } },
};

function recipe(set: Readonly<Record<string, unknown>> = {}): Recipe {
  return applyOverrides(parseRecipe(input), { 'data.directory': folder, ...set });
}

const out = (name: string) => path.join(folder, 'runs', name);

beforeAll(async () => {
  folder = await shapesFolder({
    lists: { train: 6, test: 4 },
    emptyEvery: 5,
    greyEvery: 4,
    sizes: [
      [96, 64],
      [64, 80],
    ],
  });
});
afterAll(() => rm(folder, { recursive: true }));

/** What of a run must not depend on how often it was stopped. */
async function content(run: string): Promise<Record<string, string>> {
  const names = await readdir(path.join(run, 'checkpoint'));
  const files = ['metrics.jsonl', ...names.map((name) => `checkpoint/${name}`)];
  const entries = files.map(async (name) => [name, await readFile(path.join(run, name), 'hex')]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string>;
}

describe('a detector as a run', () => {
  it('stopped after an epoch and in the middle of one, and resumed, equals no stop', async () => {
    await runTraining(recipe(), { out: out('whole') }, parts);
    await runTraining(recipe(), { out: out('parts'), stopAfter: 1 }, parts);
    const stop = new AbortController();
    await runTraining(
      recipe(),
      {
        out: out('parts'),
        resume: true,
        signal: stop.signal,
        onEvent: (event) => {
          if (event.type === 'step' && event.step === 5) stop.abort();
        },
      },
      parts,
    );
    const summary = await runTraining(recipe(), { out: out('parts'), resume: true }, parts);
    expect(await content(out('parts'))).toEqual(await content(out('whole')));
    expect(summary).toMatchObject({ measure: 'mAP@0.5', steps: 9, evaluationImages: 4 });
    const [line] = await readMetrics(out('whole'));
    expect(Object.keys(line.trainParts ?? {})).toEqual([
      'objectness',
      'proposalBox',
      'classification',
      'box',
    ]);
    const { trainParts = {}, trainLoss } = line;
    const sum = Object.values(trainParts).reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(trainLoss, 4);
    expect(line.layers.length).toBeGreaterThan(16);
    for (const { lambda } of line.layers) expect(lambda).toBeGreaterThan(0);
  });

  it.each(backends)('has the mAP that its log says on %s, too', async (backend) => {
    const name = backend === 'cpu' ? 'tfjs' : backend.replace('surge-', '');
    const engine = { ...recipe().engine, backend: name as Recipe['engine']['backend'] };
    const [last] = (await readMetrics(out('whole'))).slice(-1);
    const evaluation = await evaluateRun(out('whole'), { engine }, parts);
    expect(evaluation.engine.backend).toBe(backend);
    expect(evaluation.accuracy).toBe(last.testAccuracy);
    expect(evaluation.details).toEqual(last.testDetails);
    expect(evaluation.perClass).toEqual(last.testPerClass);
    const { detector, data, spec } = await loadDetectorRun(out('whole'), { engine }, parts);
    const found = await detectInSet(detector, data.evaluation, { spec, workers: 0 });
    detector.dispose();
    expect(found.some(({ scores }) => scores.length > 1)).toBe(true);
    first ??= found;
    expect(found).toEqual(first);
  });

  it('comes back from its folder, and finds what evaluation judged', async () => {
    const { detector, data, spec } = await loadDetectorRun(out('whole'), {}, parts);
    const tensors = tf.memory().numTensors;
    const found = await detectInSet(detector, data.evaluation, { spec, workers: 0 });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(found).toHaveLength(4);
    const { accuracy } = await evaluateRun(out('whole'), {}, parts);
    expect(judge(data.evaluation, found, spec).accuracy).toBe(accuracy);
    detector.dispose();
    await expect(loadRun(out('whole'), {}, parts)).rejects.toThrow("is a detector's");
  });

  it('is compared with and without SURGE', async () => {
    const arms = [
      { name: 'plain', set: { compensator: 'none' } },
      { name: 'surge', set: {} },
    ];
    const table = await compareRuns(
      {
        name: 'shapes',
        recipe: recipe({ epochs: 1 }),
        arms,
        pairs: [['surge', 'plain']],
        seeds: [1],
        out: out('compared'),
      },
      () => undefined,
      parts,
    );
    expect(table.rows.map(({ runs }) => runs[0].summary.measure)).toEqual(['mAP@0.5', 'mAP@0.5']);
    const [plain, surge] = table.rows.map(({ runs }) => runs[0].summary.hashes);
    expect(plain.initialWeights).toBe(surge.initialWeights);
    expect(plain.weights).not.toBe(surge.weights);
  });

  it('keeps its memory over epochs of pictures of different sizes', async () => {
    const ends: (number | undefined)[] = [];
    const tensors: number[] = [];
    const size = { shortSide: [48, 64, 80], longSide: 96 };
    const varied = recipe({ 'detection.size': size, epochs: 6, evaluateEvery: 6 });
    await runTraining(
      varied,
      {
        out: out('varied'),
        onEvent: ({ type }) => {
          if (type !== 'epoch') return;
          ends.push(backendMemory()?.heapBytes);
          tensors.push(tf.memory().numTensors);
        },
      },
      parts,
    );
    expect(new Set(tensors.slice(1)).size).toBe(1);
    // All sizes that pairs of pictures can have were there after the third.
    expect(ends[5]).toBeLessThanOrEqual(1.25 * (ends[2] ?? 0));
  });
});

describe('its backbone', () => {
  const small = { network: 'imagenet-resnet-18', options: { width: 4 } } as const;
  const tinyClassifier: RecipeInput = {
    name: 'classifier',
    data: { name: 'digits', trainLimit: 32, holdOut: 0.001 },
    network: { name: small.network, options: small.options },
    optimizer: { name: 'adam', learningRate: 0.01 },
    epochs: 1,
    batchSize: 16,
    engine: { backend: 'wasm' },
  };

  it('begins with the weights of a classifier’s run, norms included', async () => {
    const run = out('classifier');
    const from = applyOverrides(parseRecipe(tinyClassifier), {});
    // Digits are grey: the stem has one channel, and a detector's three.
    await runTraining(from, { out: run }, parts);
    await expect(
      runTraining(recipe({ 'detection.backbone': run }), { out: out('grey') }, parts),
    ).rejects.toThrow("has shape [7,7,1,4], the network's is [7,7,3,4]");
  });

  it('begins with public weights in PyTorch’s names, and refuses files that have none', async () => {
    await parts.engine(recipe().engine);
    const classifier = buildModel(
      { network: small.network, options: small.options },
      {
        inputBinarizer: 'ste',
        weightBinarizer: 'ste',
        seed: 99,
        inputShape: [64, 64, 3],
        classes: 7,
      },
    );
    const file = path.join(folder, 'resnet18.safetensors');
    await writeFile(file, torchFile(classifier));
    const first = classifier.getLayer('layer2.0.conv1').getWeights()[0].dataSync();
    const norm = classifier.getLayer('layer4.1.bn2').getWeights()[0].dataSync();
    classifier.dispose();
    // No step changes anything.
    const still = recipe({
      'detection.backbone': { file },
      'optimizer.learningRate': 0,
      epochs: 1,
      compensator: 'none',
    });
    const { hashes } = await runTraining(still, { out: out('torch') }, parts);
    expect(hashes.initialFrom).toMatch(/^[0-9a-f]{64}$/);
    const { tensors } = await loadCheckpoint(out('torch'), 'last');
    expect(tensors.get('weights/layer2.0.conv1/kernel')?.values).toEqual(first);
    expect(tensors.get('weights/layer4.1.bn2/gamma')?.values).toEqual(norm);

    await writeFile(file, (await readFile(file)).subarray(0, 2000));
    const again = { out: out('broken') };
    await expect(runTraining(still, again, parts)).rejects.toMatchObject({ exitCode: 2 });
    await rm(file);
    await expect(runTraining(still, again, parts)).rejects.toThrow(`there is no file ${file}`);
  });

  /** A state dict of the classifier, as torch's safetensors writes one. */
  function torchFile(model: ReturnType<typeof buildModel>): Uint8Array {
    const header: Record<string, unknown> = {};
    const chunks: Uint8Array[] = [];
    let at = 0;
    const add = (name: string, shape: readonly number[], values: Float32Array) => {
      const bytes = new Uint8Array(Float32Array.from(values).buffer);
      header[name] = { dtype: 'F32', shape, data_offsets: [at, at + bytes.length] };
      chunks.push(bytes);
      at += bytes.length;
    };
    const names: Readonly<Record<string, string>> = {
      gamma: 'weight',
      beta: 'bias',
      movingMean: 'running_mean',
      movingVariance: 'running_var',
      kernel: 'weight',
      bias: 'bias',
    };
    for (const layer of model.layers) {
      for (const weight of layer.weights) {
        const own = weight.originalName.split('/').at(-1) ?? '';
        const name = Object.entries(names).find(([key]) => own.startsWith(key))?.[1];
        if (name === undefined) throw new Error(`what is ${weight.originalName}?`);
        const value = weight.read();
        const turned =
          value.rank === 4
            ? tf.transpose(value, [3, 2, 0, 1])
            : value.rank === 2
              ? tf.transpose(value)
              : value;
        add(`${layer.name}.${name}`, turned.shape, turned.dataSync<'float32'>());
      }
    }
    const json = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    return Buffer.concat([length, json, ...chunks]);
  }
});

describe('what is refused', () => {
  it.each([
    [{ 'data.name': 'bcccd' }, 'unknown set of annotated pictures "bcccd"'],
    [{ 'detection.train': 'nothing' }, 'nothing'],
    [{ 'network.name': 'faster-rcn' }, 'unknown detector "faster-rcn"'],
    [{ 'network.options.neckWidth': 0 }, 'neckWidth must be a whole number > 0'],
    [{ augmentation: [{ kind: 'flip' }] }, 'a detector has detection.augmentation'],
    [{ 'data.size': 64 }, 'the size of the pictures is detection.size'],
    [{ accumulate: 2 }, 'accumulate is for classifiers'],
    [{ reestimateNorm: 3 }, 'reestimateNorm is for classifiers'],
    [{ 'detection.size': { width: 0, height: 3 } }, 'detection.size'],
    [{ 'detection.metric': 'vocs' }, 'detection.metric'],
    [{ 'detection.classes': ['square'] }, 'disk'],
    [{ 'detection.backbone': 'nowhere' }, 'there is no run in nowhere'],
  ])('%j', async (set, message) => {
    const attempt = async () => runTraining(recipe(set), { out: out('refused') }, parts);
    await expect(attempt()).rejects.toThrow(message);
    await expect(readdir(out('refused'))).rejects.toThrow('ENOENT');
  });

  it('a detector without the key "detection", and a classifier with it', async () => {
    const without = { ...input, detection: undefined };
    const own = { out: out('refused') };
    await expect(runTraining(parseRecipe(without), own, parts)).rejects.toMatchObject({
      exitCode: 2,
    });
    const classifier = recipe({ network: { name: 'resnet-20' } });
    await expect(runTraining(classifier, own, parts)).rejects.toThrow(
      'unknown detector "resnet-20"',
    );
  });
});
