/** Trainings on texts: classes, scores, gaps; that they go on where they stopped, and what they begin with and learn from. */
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '@surge-bnn/contract';
import {
  networkWeights,
  readSafetensors,
  saveBert,
  sentenceEncoder,
  textInputs,
  Unigram,
  writeSafetensors,
} from '@surge-bnn/language';
import type { Weights } from '@surge-bnn/language';
import { backendMemory, expectVaryingSizes } from '@surge-bnn/engine';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCheckpoint } from '../../checkpoint/checkpoint.js';
import { armsOf } from '../../compare/arms.js';
import { compareRuns } from '../../compare/compare.js';
import { evaluateRun, loadRun, loadTextRun } from '../../load-run.js';
import type { Parts } from '../../parts.js';
import { readMetrics } from '../../run-folder.js';
import { runTraining } from '../../run.js';
import { tinyParts } from '../../testing/fixture.js';
import { content } from '../../testing/run-content.js';
import {
  encoderOptions,
  float,
  glueFolder,
  textRecipe,
  unigramPieces,
  vocabulary,
  writeEncoder,
} from '../../testing/texts.fixture.js';
import type { Recipe } from '../../recipe/schema.js';
import type { RunOptions } from '../../types.js';

const parts: Parts = tinyParts();
let folder: string;

const train = (
  name: string,
  set: Readonly<Record<string, unknown>> = {},
  options: Partial<RunOptions> = {},
) => runTraining(textRecipe(folder, set), { out: join(folder, name), ...options }, parts);

const masked = { train: ['sst2/train', 'stsb/train'], test: ['sst2/dev'] };

beforeAll(async () => {
  folder = await glueFolder();
  await parts.engine(textRecipe(folder).engine);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The files in which a run that was stopped in its second epoch, and resumed, is another than one that was not. */
async function differentWhenStopped(
  name: string,
  set: Readonly<Record<string, unknown>>,
): Promise<string[]> {
  await train(`${name}-not`, set);
  const abort = new AbortController();
  let seen = 0;
  await train(name, set, {
    signal: abort.signal,
    onEvent: ({ type }) => {
      if (type === 'step' && ++seen === 11) abort.abort();
    },
  });
  const resumed = await train(name, set, { resume: true });
  expect(resumed.status).toBe('finished');
  const [ended, whole] = await Promise.all(
    [name, `${name}-not`].map((one) => content(join(folder, one))),
  );
  // Names, because the files are long.
  return Object.keys(whole).filter((file) => ended[file] !== whole[file]);
}

describe('a training on texts', () => {
  it.each([
    ['float', float],
    ['BiBERT', { binarizer: 'bibert' }],
    ['BiT with SURGE', { compensator: 'surge' }],
  ])('learns the telling words: %s', async (name, set) => {
    const before = tf.memory().numTensors;
    const summary = await train(name, { epochs: 16, ...set });
    expect(tf.memory().numTensors).toBe(before);
    expect(summary).toMatchObject({ status: 'finished', unit: 'texts', evaluationImages: 24 });
    expect(summary.measure).toBeUndefined();
    expect(summary.dataTitle).toBe('SST-2 (GLUE), dev');
    expect(summary.best?.accuracy).toBeGreaterThan(0.7);
    const evaluated = await evaluateRun(join(folder, name), {}, parts);
    expect(evaluated.accuracy).toBe(summary.last?.accuracy);
    expect(evaluated.loss).toBe(summary.last?.loss);
  });

  it('lends memory between batches of other lengths', async () => {
    const heap = () => backendMemory()?.heapBytes ?? NaN;
    const need = async (lends: boolean) => {
      tf.removeBackend(tf.getBackend());
      await parts.engine(textRecipe(folder).engine);
      const told = async (recipe: Recipe) => {
        // After the task has said what to expect.
        if (!lends) expectVaryingSizes(false);
        return parts.texts(recipe);
      };
      const options = { out: join(folder, `lends-${lends}`) };
      await runTraining(textRecipe(folder, { epochs: 2 }), options, { ...parts, texts: told });
      return heap();
    };
    expect(await need(true)).toBeLessThan(0.9 * (await need(false)));
    expect(await content(join(folder, 'lends-true'))).toEqual(
      await content(join(folder, 'lends-false')),
    );
  });

  it('gives scores where the task has no classes', async () => {
    const set = { 'data.name': 'stsb', 'language.maxLength': 20 };
    const summary = await train('scores', { ...set, ...float, epochs: 6 });
    expect(summary.measure).toBe("Pearson's correlation");
    const [line] = await readMetrics(join(folder, 'scores'));
    expect(line.trainAccuracy).toBeUndefined();
    expect(Object.keys(line.testDetails ?? {})).toEqual(['pearson', 'spearman']);
    const { network, data } = await loadTextRun(join(folder, 'scores'), {}, parts);
    expect(network.head).toEqual({ kind: 'classifier', labels: 1 });
    expect(data.evaluation.set?.pairs).toBe(true);
    network.dispose();
  });

  it('goes on where it was stopped, in the middle of an epoch, too', async () => {
    const set = { compensator: 'surge', epochs: 2, 'language.wordDropout': 0.2 };
    expect(await differentWhenStopped('stopped', set)).toEqual([]);
  });

  it('takes the sentence encoder, whose pairs are two sentences that do not see each other', async () => {
    const file = join(folder, 'unigram.json');
    await writeFile(file, JSON.stringify(unigramPieces));
    const network = {
      name: 'sentence-encoder',
      options: { widths: [8, 12], heads: 2, ffn: 16, vector: 8, timescales: [1, 0.1, 0.01, 0.001] },
    };
    const set = { network, 'data.name': 'stsb', 'language.vocabulary': file, epochs: 1 };
    const before = tf.memory().numTensors;
    const summary = await train('encoder', { ...set, compensator: 'surge' });
    expect(tf.memory().numTensors).toBe(before);
    expect(summary.last?.details).toHaveProperty('spearman');
    const { network: loaded } = await loadTextRun(join(folder, 'encoder'), {}, parts);
    expect(loaded.kind).toBe('sentence-encoder');
    expect(loaded.options).toMatchObject({ method: 'bit', pairs: true });
    loaded.dispose();
    await expect(train('gaps', { ...set, 'language.masked': masked })).rejects.toThrow(/for bert/);
  });

  it('starts the scales of BiT from a first batch, before the first step and not again', async () => {
    await train('scales', { epochs: 1, optimizer: { name: 'sgd', learningRate: 0 } });
    const { tensors } = await loadCheckpoint(join(folder, 'scales'), 'last');
    const scales = [...tensors].filter(([name]) => /scale/i.test(name));
    expect(scales.length).toBeGreaterThan(0);
    for (const [name, { values }] of scales) {
      expect([name, [...values].some((value) => value === 1)]).toEqual([name, false]);
    }
  });
});

it('refuses other texts, and a vocabulary that reads them otherwise', async () => {
  const out = join(folder, 'float');
  const swapped = [...vocabulary.slice(0, 5), ...vocabulary.slice(5, -1).reverse(), '##s'];
  const file = join(folder, 'vocab.txt');
  await writeFile(file, `${swapped.join('\n')}\n`);
  try {
    await expect(evaluateRun(out, {}, parts)).rejects.toThrow(
      /texts, or their vocabulary, at hand/,
    );
  } finally {
    await writeFile(file, `${vocabulary.join('\n')}\n`);
  }
});

describe('pre-training', () => {
  it('fills gaps, and a task begins with its encoder', async () => {
    const pre = await train('pre', { 'language.masked': masked, ...float, epochs: 2 });
    expect(pre.measure).toBe('masked pieces');
    expect(pre.last?.details?.perplexity).toBeCloseTo(Math.exp(pre.last?.loss ?? NaN), 10);
    const start = join(folder, 'pre');
    const still = { optimizer: { name: 'sgd', learningRate: 0 }, epochs: 1 };
    const task = await train('task', { 'language.start': start, ...float, ...still });
    expect(task.hashes.encoder).toBe(pre.hashes.weights);
    const [mine, its] = await Promise.all(
      ['task', 'pre'].map(
        async (name) => (await loadCheckpoint(join(folder, name), 'last')).tensors,
      ),
    );
    const key = 'weights/bert.encoder.layer.1.output.dense/kernel';
    expect(mine.get(key)?.values).toEqual(its.get(key)?.values);
    // A binary network takes them as its latent weights, with a head of its own.
    await train('binary', { 'language.start': start, compensator: 'surge', ...still });
    const binary = (await loadCheckpoint(join(folder, 'binary'), 'last')).tensors;
    expect(binary.get(key)?.values).toEqual(its.get(key)?.values);
    expect(binary.has('weights/classifier/kernel')).toBe(true);
  });

  it.each([
    ['the same task', 'sst2', true],
    ['another of as many labels', 'cola', false],
  ])('the pooler of a run is taken, its classifier by %s: %s', async (_, task, isTaken) => {
    const start = { 'language.start': join(folder, 'float'), 'data.name': task };
    const still = { optimizer: { name: 'sgd', learningRate: 0 }, epochs: 1 };
    await train(`head-${task}`, { ...start, ...float, ...still });
    const [mine, its] = await Promise.all(
      [`head-${task}`, 'float'].map(
        async (name) => (await loadCheckpoint(join(folder, name), 'last')).tensors,
      ),
    );
    const isSame = (layer: string) => {
      const key = `weights/${layer}/kernel`;
      return String(mine.get(key)?.values) === String(its.get(key)?.values);
    };
    expect(isSame('bert.pooler.dense')).toBe(true);
    expect(isSame('classifier')).toBe(isTaken);
  });

  it('does not begin with a part of a deeper one', async () => {
    const { layers = 0 } = textRecipe(folder).network.options as { layers?: number };
    const start = { 'language.start': join(folder, 'float'), ...float };
    const shallow = { 'network.options.layers': layers - 1 };
    await expect(train('shallow', { ...start, ...shallow })).rejects.toThrow(
      `language.start: the other network has ${layers} layers and this one ${layers - 1}`,
    );
  });

  it('begins with a folder of Hugging Face, whose vocabulary must be ours', async () => {
    const { network } = await loadTextRun(join(folder, 'float'), {}, parts);
    const out = join(folder, 'saved');
    if (network.kind !== 'bert') throw new Error('the run is of a BERT');
    await saveBert(network, out);
    const saved = networkWeights(network);
    network.dispose();
    const still = { optimizer: { name: 'sgd', learningRate: 0 }, epochs: 1 };
    await train('from-folder', { 'language.start': { folder: out }, ...float, ...still });
    const { network: begun } = await loadTextRun(join(folder, 'from-folder'), {}, parts);
    const weights = networkWeights(begun);
    begun.dispose();
    const classifier = 'classifier.weight';
    for (const [name, { values }] of saved) {
      if (/^classifier\./.test(name)) continue;
      expect(weights.get(name)?.values, name).toEqual(values);
    }
    expect(weights.get(classifier)?.values).not.toEqual(saved.get(classifier)?.values);
    const larger = join(folder, 'larger.txt');
    await writeFile(larger, `${vocabulary.join('\n')}\nmore\n`);
    await expect(
      train('other', { 'language.start': { folder: out }, 'language.vocabulary': larger }),
    ).rejects.toThrow(/not the vocabulary of these weights/);
  });
});

describe('the public sentence encoder', () => {
  const places = { train: ['sst2/train', 'stsb/train'], test: ['sst2/dev'] };
  const still = { optimizer: { name: 'sgd', learningRate: 0 }, epochs: 1 };
  let file: ReadonlyMap<string, Weights>;
  beforeAll(async () => {
    file = await writeEncoder(folder);
  });
  const tensorsOf = async (name: string) =>
    (await loadCheckpoint(join(folder, name), 'last')).tensors;

  it('gives its vectors to learn, and a task begins with what learnt them', async () => {
    const before = tf.memory().numTensors;
    const set = { 'language.vectors': places, ...float, epochs: 12 };
    const summary = await train('vectors', set);
    expect(tf.memory().numTensors).toBe(before);
    expect(summary).toMatchObject({ measure: 'mean cosine', evaluationImages: 24 });
    const lines = await readMetrics(join(folder, 'vectors'));
    expect(summary.last?.accuracy).toBeGreaterThan(lines[0].testAccuracy ?? NaN);
    const evaluated = await evaluateRun(join(folder, 'vectors'), {}, parts);
    expect(evaluated.accuracy).toBe(summary.last?.accuracy);
    expect(await cosinesOf('vectors')).toBeCloseTo(summary.last?.accuracy ?? NaN, 5);
    await train('after-vectors', { 'language.start': join(folder, 'vectors'), ...float, ...still });
    const [mine, its] = [await tensorsOf('after-vectors'), await tensorsOf('vectors')];
    for (const key of ['bert.encoder.layer.1.output.dense', 'bert.pooler.dense']) {
      const name = `weights/${key}/kernel`;
      expect(mine.get(name)?.values, key).toEqual(its.get(name)?.values);
    }
    expect(mine.get('weights/classifier/kernel')?.shape).toEqual([16, 2]);
  });

  /** The mean cosine of a run's outputs and the encoder's vectors, or of pairs what is made of them, text by text. */
  async function cosinesOf(name: string): Promise<number> {
    const { network, data } = await loadTextRun(join(folder, name), {}, parts);
    const encoder = sentenceEncoder(
      readSafetensors(writeSafetensors(file), 'the file'),
      new Unigram(unigramPieces, { first: 6 }),
    );
    const { examples = [] } = data.evaluation;
    const vectorOf = (sentence: string) =>
      tf.tidy(() => Array.from(encoder.encode([sentence]).dataSync()));
    const cosines = examples.map(({ sentence, second }) => {
      const { ids, first } = data.tokenizer.encode(sentence, second, 16);
      const row = (value: (id: number, at: number) => number) => Int32Array.from(ids, value);
      const x = tf.tidy(() => {
        const types = row((_, at) => (at < first ? 0 : 1));
        const texts = { ids: row((id) => id), types, mask: row(() => 1) };
        const inputs = textInputs({ ...texts, count: 1, length: ids.length });
        return (network.model.apply(inputs) as tf.Tensor).dataSync().slice();
      });
      const u = vectorOf(sentence);
      const v = second === undefined ? [] : vectorOf(second);
      const root = Math.sqrt(u.length);
      const y =
        second === undefined
          ? u
          : [
              ...u.map((value, i) => root * Math.abs(value - v[i])),
              ...u.map((value, i) => u.length * value * v[i]),
            ];
      const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
        Array.from(a, (value, i) => value * b[i]).reduce((sum, one) => sum + one, 0);
      return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
    });
    network.dispose();
    encoder.dispose();
    return cosines.reduce((sum, one) => sum + one, 0) / cosines.length;
  }

  it('gives what tells how alike pairs are, of tasks and of strangers', async () => {
    const own = { train: ['stsb/train'], test: ['stsb/dev'], pairs: true };
    const set = { 'language.vectors': own, ...float, epochs: 6 };
    const summary = await train('pairs', set);
    expect(summary.dataTitle).toMatch(/^\d+ pairs of stsb\/dev$/);
    const lines = await readMetrics(join(folder, 'pairs'));
    expect(summary.last?.loss).toBeLessThan(lines[0].testLoss ?? NaN);
    expect(await cosinesOf('pairs')).toBeCloseTo(summary.last?.accuracy ?? NaN, 5);
    const { network, data } = await loadTextRun(join(folder, 'pairs'), {}, parts);
    network.dispose();
    const { examples = [] } = data.train;
    const half = examples.length / 2;
    const [pairs, strangers] = [examples.slice(0, half), examples.slice(half)];
    const judged = new Set(
      (data.evaluation.examples ?? []).flatMap(({ sentence, second }) => [sentence, second]),
    );
    expect(
      examples.some(({ sentence, second }) => judged.has(sentence) || judged.has(second)),
    ).toBe(false);
    const seconds = (list: typeof examples) => list.map(({ second }) => second).sort();
    expect(strangers.map(({ sentence }) => sentence)).toEqual(
      pairs.map(({ sentence }) => sentence),
    );
    expect(seconds(strangers)).toEqual(seconds(pairs));
    expect(strangers).not.toEqual(pairs);
  });

  it('gives the same vectors to a run that was stopped', async () => {
    const set = { 'language.vectors': { ...places, train: ['sst2/train'] }, ...float, epochs: 2 };
    expect(await differentWhenStopped('stopped-vectors', set)).toEqual([]);
  });

  it('teaches a task that it has learnt, reading the texts in its own pieces', async () => {
    const vocabulary = join(folder, 'text-encoder', 'use-lite-vocab.json');
    const network = { name: 'sentence-encoder', options: { ...encoderOptions, precision: 'full' } };
    const own = { network, 'language.vocabulary': vocabulary };
    const teacher = await train('encoder-teacher', { ...own, epochs: 1 });
    const before = tf.memory().numTensors;
    const distillation = { teacher: join(folder, 'encoder-teacher'), logits: { weight: 0.5 } };
    const set = { distillation, 'language.wordDropout': 0.2, epochs: 1 };
    const summary = await train('taught-by-encoder', { ...set, compensator: 'surge' });
    expect(tf.memory().numTensors).toBe(before);
    expect(summary.hashes.teacher).toBe(teacher.hashes.weights);
    const [{ trainParts = {} }] = await readMetrics(join(folder, 'taught-by-encoder'));
    expect(Object.keys(trainParts)).toEqual(['labels', 'logits']);
    const match = { 'language.match': { hiddenStates: { weight: 1 } } };
    await expect(train('pieces', { ...set, ...match })).rejects.toThrow(/cuts texts otherwise/);
  });

  it('is what a network of its kind begins with, the layer behind its mean, too', async () => {
    const set = {
      network: { name: 'sentence-encoder', options: { ...encoderOptions, precision: 'full' } },
      'language.vocabulary': join(folder, 'text-encoder', 'use-lite-vocab.json'),
      'language.start': 'published',
    };
    await train('published', { ...set, ...still });
    const kernel = (await tensorsOf('published')).get('weights/pool.dense/kernel');
    expect(kernel?.values).toEqual(file.get('pool.dense.weight')?.values);
  });

  it.each([
    ['beside gaps', { 'language.masked': masked }, /two pre-trainings/],
    [
      'with words hidden',
      { 'language.wordDropout': 0.1, 'language.vectors': undefined, 'language.masked': masked },
      /beside language\.masked/,
    ],
    [
      'with a teacher',
      { distillation: { teacher: 'x' } },
      /language\.vectors trains without labels/,
    ],
    [
      'for pairs of sentences that stand alone',
      { 'language.vectors': { ...places, pairs: true } },
      /pairs: sst2\/train in language\.vectors\.train has single sentences/,
    ],
    ['for texts held out', { 'data.holdOut': 0.2 }, /language\.vectors\.test/],
  ])('is refused %s', async (name, set, message) => {
    const given = { 'language.vectors': places, ...float, ...set };
    const error: unknown = await Promise.resolve()
      .then(() => train(name, given))
      .catch((one: unknown) => one);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toMatch(message);
  });

  it('is refused where it has vectors of another size, is damaged or is not there', async () => {
    const set = { 'language.vectors': places, ...float };
    await writeEncoder(folder, 8);
    await expect(train('small', set)).rejects.toThrow(/have 8 entries.* learns 512/);
    const weights = join(folder, 'text-encoder', 'use-lite.safetensors');
    await truncate(weights, 100);
    await expect(train('damaged', set)).rejects.toThrow(InputError);
    await rm(weights);
    await expect(train('absent', set)).rejects.toThrow(/use-lite\.safetensors cannot be read/);
  });
});

describe('a teacher', () => {
  const match = { hiddenStates: { weight: 1 }, projections: { weight: 1 } };

  it('gives logits, hidden states and directions, each a part of the loss', async () => {
    const distillation = { teacher: join(folder, 'float'), logits: { weight: 0.5 } };
    const summary = await train('taught', { distillation, 'language.match': match, epochs: 1 });
    expect(summary.hashes.teacher).toMatch(/^[0-9a-f]{64}$/);
    const [{ trainParts = {}, trainLoss }] = await readMetrics(join(folder, 'taught'));
    expect(Object.keys(trainParts)).toEqual(['labels', 'logits', 'hiddenStates', 'projections']);
    const sum = Object.values(trainParts).reduce((all, one) => all + one, 0);
    expect(trainLoss).toBeCloseTo(sum, 4);
  });

  it.each([
    ['another task', { 'data.name': 'stsb' }, /of sst2, this one of stsb/],
    ['other sizes', { 'network.options.layers': 1 }, /layers 1 and the teacher 2/],
  ])('of %s is refused', async (name, set, message) => {
    const distillation = { teacher: join(folder, 'float') };
    const given = { distillation, 'language.match': match, ...set };
    await expect(train(name, given)).rejects.toThrow(message);
  });
});

it('methods with and without SURGE are compared on texts as on pictures', async () => {
  const { arms, pairs } = armsOf(['bibert', 'bit'], ['none', 'surge']);
  const out = join(folder, 'compared');
  const recipe = textRecipe(folder, { epochs: 1 });
  const options = { name: 'texts', recipe, seeds: [1], arms, pairs, out };
  const table = await compareRuns(options, undefined, parts);
  expect(table.rows.map(({ arm }) => arm)).toEqual([
    'bibert-none',
    'bibert-surge',
    'bit-none',
    'bit-surge',
  ]);
  const [none, surge] = table.rows.map(({ runs }) => runs[0].summary);
  expect(none.hashes.initialWeights).toBe(surge.hashes.initialWeights);
  expect(none.hashes.weights).not.toBe(surge.hashes.weights);
});

describe('what is refused', () => {
  it.each([
    [
      'a method that is not for BERT',
      { binarizer: 'recu' },
      /binarized by bibert or bit, not by recu/,
    ],
    ['a method among the options', { 'network.options.method': 'bit' }, /follows from binarizer/],
    ['another network', { network: 'resnet-20' }, /network for texts/],
    ['a task that is none', { 'data.name': 'sst3' }, /sst2/],
    [
      'a vocabulary that is not there',
      { 'language.vocabulary': 'none.txt' },
      /none\.txt cannot be read/,
    ],
    [
      'nothing left to train on',
      { 'language.masked': { train: ['sst2/dev'], test: ['sst2/dev'] } },
      /nothing is left/,
    ],
    ['texts that are longer than the positions', { 'network.options.positions': 4 }, /positions/],
  ])('%s', async (name, set, message) => {
    const error: unknown = await train(name, set).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toMatch(message);
  });

  it('a run of texts where pictures are meant', async () => {
    await expect(loadRun(join(folder, 'float'), {}, parts)).rejects.toThrow(/of texts/);
  });
});
