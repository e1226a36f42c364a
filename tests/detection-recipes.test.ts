/** What a detector's recipe may say: halves of its data, what it begins with, what it is judged by, and what is refused. */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeImageSet } from '@surge-bnn/data';
import { buildModel } from '@surge-bnn/models';
import {
  applyOverrides,
  compareRuns,
  defaultParts,
  loadCheckpoint,
  parseRecipe,
  readMetrics,
  runTraining,
} from '@surge-bnn/train';
import type { Parts, RecipeInput } from '@surge-bnn/train';
import { transpose } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shapesFolder } from './annotated-shapes.js';
import { shapesInput, shapesRecipe } from './shapes-recipe.js';

let folder: string;
const parts: Parts = { ...defaultParts, workers: 0 };
const recipe = (set?: Readonly<Record<string, unknown>>) => shapesRecipe(folder, set);
const out = (name: string) => path.join(folder, 'runs', name);
/** No step changes anything. */
const still = { 'optimizer.learningRate': 0, epochs: 1 };

beforeAll(async () => {
  folder = await shapesFolder({ lists: { train: 6, test: 4 }, difficultEvery: 4 });
});
afterAll(() => rm(folder, { recursive: true }));

/** The weights that a run ends with. */
async function weightsOf(run: string): Promise<ReadonlyMap<string, { values: ArrayLike<number> }>> {
  return (await loadCheckpoint(run, 'last')).tensors;
}

describe('the halves of the data', () => {
  it('are the lists that it names, or a part of one that is held out', async () => {
    const whole = await defaultParts.annotated(recipe());
    expect([whole.train.count, whole.evaluation.count]).toEqual([6, 4]);
    const held = await defaultParts.annotated(recipe({ 'data.holdOut': 0.34 }));
    expect([held.train.count, held.evaluation.count]).toEqual([4, 2]);
    expect(held.evaluatedOn).toBe('held-out training images');
    const ids = [held.train, held.evaluation].flatMap((set) => set.pictures.map(({ id }) => id));
    expect(ids.sort()).toEqual(whole.train.pictures.map(({ id }) => id).sort());
    const limited = await defaultParts.annotated(recipe({ 'data.trainLimit': 2 }));
    expect([limited.train.count, limited.evaluation.count]).toEqual([2, 4]);
    expect(limited.train.sha256).not.toBe(whole.train.sha256);
  });

  it('must leave something to train on, and to be judged by', async () => {
    await expect(defaultParts.annotated(recipe({ 'data.holdOut': 0.95 }))).rejects.toThrow(
      'data.holdOut 0.95 of the 6 picture(s) of the list "train" leaves none to train on',
    );
    const empty = await shapesFolder({ lists: { train: 2, test: 2 }, emptyEvery: 1 });
    await writeFile(path.join(empty, 'ImageSets/Main/none.txt'), '');
    const none = shapesRecipe(empty, { 'detection.classes': ['disk', 'square'] });
    await expect(runTraining(none, { out: out('none') }, parts)).rejects.toThrow(
      'the list "train" of',
    );
    await expect(readdir(out('none'))).rejects.toThrow('ENOENT');
    await rm(empty, { recursive: true });
  });

  it('may be of one class alone', async () => {
    const one = await shapesFolder({ lists: { train: 3, test: 2 }, only: 'disk' });
    const { last } = await runTraining(
      shapesRecipe(one, { epochs: 1 }),
      { out: out('one') },
      parts,
    );
    expect(Object.keys(last?.perClass ?? {})).toEqual(['disk']);
    await rm(one, { recursive: true });
  });
});

describe('what it is judged by', () => {
  it.each([
    ['voc2007', 'mAP@0.5 (11 points)'],
    ['coco', 'AP@[.5:.95]'],
  ])('%s', async (metric, measure) => {
    const run = out(metric);
    const set = { epochs: 1, 'detection.metric': metric };
    const summary = await runTraining(recipe(set), { out: run }, parts);
    expect(summary.measure).toBe(measure);
    const [{ testAccuracy, testDetails }] = await readMetrics(run);
    expect(testDetails?.[metric === 'coco' ? 'AP' : measure]).toBe(testAccuracy);
    // Of the same boxes by area.
    const [plain] = await readMetrics(out('area')).catch(async () => {
      await runTraining(recipe({ epochs: 1 }), { out: out('area') }, parts);
      return readMetrics(out('area'));
    });
    expect(testDetails?.['mAP@0.5']).toBe(plain.testAccuracy);
  });

  it('is tuned on held-out pictures in a comparison', async () => {
    const rates = [0.001, 0.003].map((rate) => ({ 'optimizer.learningRate': rate }));
    const table = await compareRuns(
      {
        name: 'tuned',
        recipe: recipe({ epochs: 1 }),
        arms: [
          { name: 'plain', set: { compensator: 'none' } },
          { name: 'surge', set: {} },
        ],
        pairs: [['surge', 'plain']],
        seeds: [1],
        tuning: { holdOut: 0.34, seeds: [1], candidates: { plain: rates, surge: rates } },
        out: out('tuned'),
      },
      () => undefined,
      parts,
    );
    expect(table.tuning?.arms.map(({ tried }) => tried.length)).toEqual([2, 2]);
    expect(table.rows.map(({ runs }) => runs.length)).toEqual([1, 1]);
  });
});

describe('a second detector', () => {
  it('is a run as the first is', async () => {
    const ssd = {
      network: {
        name: 'ssd300',
        options: { backbone: { network: 'imagenet-vgg-16', options: { width: 4, hidden: 0 } } },
      },
      epochs: 2,
    };
    await runTraining(recipe(ssd), { out: out('ssd') }, parts);
    await runTraining(recipe(ssd), { out: out('ssd-parts'), stopAfter: 1 }, parts);
    await runTraining(recipe(ssd), { out: out('ssd-parts'), resume: true }, parts);
    const [whole, again] = await Promise.all(
      ['ssd', 'ssd-parts'].map((name) => readFile(path.join(out(name), 'metrics.jsonl'), 'utf8')),
    );
    expect(again).toBe(whole);
    expect(Object.keys((await readMetrics(out('ssd')))[0].trainParts ?? {})).toEqual([
      'classification',
      'box',
    ]);
  });
});

describe('what it begins with', () => {
  const small = { network: 'imagenet-resnet-18', options: { width: 4 } } as const;

  it('is a classifier’s run, norms included, and W_a may begin as a copy of it', async () => {
    const pixels = Uint8Array.from({ length: 8 * 32 * 32 * 3 }, (_, i) => (i * i) % 251);
    const set = makeImageSet({
      ...{ name: 'noise', split: 'train', count: 8, height: 32, width: 32, channels: 3 },
      ...{ images: pixels, labels: Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 1), classes: ['a', 'b'] },
      origin: 'made up',
    });
    const classifier: RecipeInput = {
      name: 'classifier',
      data: { name: 'noise' },
      network: { name: small.network, options: small.options },
      optimizer: { name: 'adam', learningRate: 0.01 },
      epochs: 2,
      batchSize: 4,
      engine: { backend: 'wasm' },
    };
    const data = () =>
      Promise.resolve({ train: set, evaluation: set, evaluatedOn: 'test' as const });
    const from = out('classifier');
    const { hashes } = await runTraining(
      parseRecipe(classifier),
      { out: from },
      { ...parts, data },
    );
    const set0 = { ...still, 'detection.backbone': from, 'compensator.initial': 'copy' };
    const summary = await runTraining(recipe(set0), { out: out('begun') }, parts);
    expect(summary.hashes.backbone).toBe(hashes.weights);
    const [source, begun] = [await weightsOf(from), await weightsOf(out('begun'))];
    for (const key of ['conv1/kernel', 'layer3.0.conv2/kernel', 'layer4.1.bn2/gamma']) {
      expect(begun.get(`weights/${key}`)?.values).toEqual(source.get(`weights/${key}`)?.values);
    }
    const kernel = begun.get('weights/layer2.0.conv1/kernel')?.values;
    const copies = [...begun].filter(([key]) =>
      /^weights\/layer2\.0\.conv1\/.*[aA]uxiliary/.test(key),
    );
    expect(copies).toHaveLength(1);
    expect(copies[0][1].values).toEqual(kernel);

    // Of another backbone it is refused, and nothing is left.
    const options = { width: 4 };
    const other = {
      ...set0,
      'network.options.backbone': { network: 'imagenet-resnet-34', options },
    };
    await expect(runTraining(recipe(other), { out: out('other') }, parts)).rejects.toThrow(
      'its network must be the backbone, with the same options',
    );
    await expect(readdir(out('other'))).rejects.toThrow('ENOENT');
  });

  it('is another detector’s run as a whole', async () => {
    const first = await runTraining(recipe({ epochs: 1 }), { out: out('first') }, parts);
    const set = { ...still, initialFrom: out('first') };
    const { hashes } = await runTraining(recipe(set), { out: out('second') }, parts);
    expect(hashes.initialFrom).toBe(first.hashes.weights);
    const key = 'weights/roi_heads.box_predictor.cls_score/kernel';
    const [a, b] = [await weightsOf(out('first')), await weightsOf(out('second'))];
    expect(b.get(key)?.values).toEqual(a.get(key)?.values);
    expect(() => recipe({ ...set, 'detection.backbone': out('first') })).toThrow(
      'initialFrom and detection.backbone both say what the backbone begins with',
    );
  });

  it('is public weights in PyTorch’s names; files that have none are refused', async () => {
    await parts.engine(recipe().engine);
    const classifier = buildModel(
      { network: small.network, options: small.options },
      {
        ...{ inputBinarizer: 'ste', weightBinarizer: 'ste', seed: 99, classes: 7 },
        inputShape: [64, 64, 3],
      },
    );
    const file = path.join(folder, 'resnet18.safetensors');
    await writeFile(file, torchFile(classifier));
    const first = classifier.getLayer('layer2.0.conv1').getWeights()[0].dataSync();
    const norm = classifier.getLayer('layer4.1.bn2').getWeights()[0].dataSync();
    classifier.dispose();
    const torch = recipe({ ...still, 'detection.backbone': { file }, compensator: 'none' });
    const { hashes } = await runTraining(torch, { out: out('torch') }, parts);
    expect(hashes.backbone).toMatch(/^[0-9a-f]{64}$/);
    const weights = await weightsOf(out('torch'));
    expect(weights.get('weights/layer2.0.conv1/kernel')?.values).toEqual(first);
    expect(weights.get('weights/layer4.1.bn2/gamma')?.values).toEqual(norm);

    const again = { out: out('broken') };
    const pinned = applyOverrides(torch, { 'detection.backbone.sha256': 'abc' });
    await expect(runTraining(pinned, again, parts)).rejects.toThrow('the recipe names abc..');
    await writeFile(file, (await readFile(file)).subarray(0, 2000));
    await expect(runTraining(torch, again, parts)).rejects.toMatchObject({ exitCode: 2 });
    await rm(file);
    await expect(runTraining(torch, again, parts)).rejects.toThrow(`${file} cannot be read`);
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
            ? transpose(value, [3, 2, 0, 1])
            : value.rank === 2
              ? transpose(value)
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
    [{ 'detection.size': { shortSide: 600, longSide: 500 } }, 'detection.size.longSide'],
    [{ 'detection.size': { shortSide: { from: 9, to: 3 }, longSide: 50 } }, 'before it begins'],
    [{ 'detection.testSize': { shortSide: 60, longSide: 50 } }, 'detection.testSize.longSide'],
    [{ 'detection.testSize': { shortSide: [5, 6], longSide: 50 } }, 'detection.testSize'],
    [{ 'detection.size': { width: 0, height: 3 } }, 'detection.size'],
    [{ 'detection.metric': 'vocs' }, 'detection.metric'],
    [{ augmentation: [{ kind: 'flip' }] }, 'a detector has detection.augmentation'],
    [{ 'data.size': 64 }, 'the size of the pictures is detection.size'],
    [{ 'data.skipCorrupt': true }, 'data.skipCorrupt is for classifiers'],
    [{ accumulate: 2 }, 'accumulate is for classifiers'],
    [{ reestimateNorm: 3 }, 'reestimateNorm is for classifiers'],
    [{ averaging: { type: 'ema' } }, 'averaging is for classifiers'],
    [{ stages: [{ epochs: 1, detection: {} }] }, 'unknown key "detection"'],
  ])('by the recipe: %j', (set, message) => {
    expect(() => recipe(set)).toThrow(message);
  });

  it.each([
    [{ 'data.name': 'bcccd' }, 'unknown set of annotated pictures "bcccd"'],
    [{ 'detection.train': 'nothing' }, '"nothing"; allowed: test, train'],
    [{ 'network.name': 'faster-rcn' }, 'unknown detector "faster-rcn"'],
    [{ network: { name: 'resnet-20' } }, 'unknown detector "resnet-20"'],
    [{ 'network.options.neckWidth': 0 }, 'neckWidth must be a whole number > 0'],
    [{ 'detection.classes': ['square'] }, 'disk'],
    [
      { network: { name: 'ssd300' }, 'detection.size': { shortSide: 64, longSide: 96 } },
      'the network ssd300 takes pictures of one size',
    ],
    [{ 'detection.backbone': 'nowhere' }, 'there is no run in nowhere'],
  ])('by the run, before it has a folder: %j', async (set, message) => {
    const attempt = async () => runTraining(recipe(set), { out: out('refused') }, parts);
    await expect(attempt()).rejects.toThrow(message);
    await expect(readdir(out('refused'))).rejects.toThrow('ENOENT');
  });

  it('a detector without the key "detection"', async () => {
    const { detection: _, ...rest } = shapesInput;
    await expect(runTraining(parseRecipe(rest), { out: out('refused') }, parts)).rejects.toThrow(
      'add the key "detection"',
    );
  });
});
