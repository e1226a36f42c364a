/** Whole runs: stop and resume bit for bit, refusals, damage, Ctrl-C, divergence. */
import { InputError, OutOfMemoryError } from '@surge-bnn/contract';
import { binaryLayers } from '@surge-bnn/core';
import * as tf from '@tensorflow/tfjs-core';
import { mkdir, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateRun, loadRun } from './load-run.js';
import { readMetrics, readSummary } from './run-folder.js';
import { runTraining } from './run.js';
import { tinyParts, tinyRecipe } from './testing/fixture.js';
import { content } from './testing/run-content.js';
import { nativeBackends, nativeIsBuilt } from './testing/native.js';
import type { RunOptions, TrainEvent } from './types.js';

const parts = tinyParts();
const recipe = tinyRecipe();
let base: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'runs-'));
  await parts.engine(recipe.engine);
});

const train = (out: string, options: Omit<RunOptions, 'out'> = {}, which = recipe) =>
  runTraining(which, { out, ...options }, parts);

describe('a run', () => {
  it('learns, writes its folder, and repeats to the bit', async () => {
    const [a, b] = [join(base, 'a'), join(base, 'b')];
    const events: TrainEvent[] = [];
    const before = tf.memory().numTensors;
    const summary = await train(a, { onEvent: (event) => events.push(event) });
    expect(tf.memory().numTensors).toBe(before);
    expect(summary).toMatchObject({ status: 'finished', epochsDone: 4, steps: 16, seed: 3 });
    expect(summary.last?.accuracy).toBeGreaterThan(0.5);
    expect(summary.best?.accuracy).toBeGreaterThanOrEqual(summary.last?.accuracy ?? 1);
    expect((await readdir(a)).sort()).toEqual([
      'checkpoint',
      'config.json',
      'confusion.csv',
      'events.out.tfevents.surge-bnn',
      'metrics.jsonl',
      'summary.json',
      'timing.jsonl',
    ]);
    expect((await readdir(join(a, 'checkpoint'))).sort()).toEqual(
      [
        'best.json',
        expect.stringMatching(/^best-\d+\.safetensors$/),
        'last.json',
        'last-16.safetensors',
      ].sort((x, y) => (String(x) < String(y) ? -1 : 1)),
    );
    const kinds = events.map(({ type }) => type);
    expect(kinds.filter((kind) => kind === 'step')).toHaveLength(16);
    expect(kinds.filter((kind) => kind === 'epoch')).toHaveLength(4);
    expect(kinds.at(-1)).toBe('stop');

    const again = await train(b);
    expect(again.hashes).toEqual(summary.hashes);
    expect(await content(b)).toEqual(await content(a));
  });

  it('logs what the layers did, and no wall-clock time', async () => {
    const lines = await readMetrics(join(base, 'a'));
    expect(lines.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 4],
      [2, 8],
      [3, 12],
      [4, 16],
    ]);
    const [layer] = lines[0].layers;
    expect(layer).toMatchObject({ name: 'binary1', filters: 6, skipped: 0 });
    for (const value of [layer.lambda, layer.normB, layer.normA, layer.flipped]) {
      expect(value).toBeGreaterThan(0);
    }
    expect(Math.abs(layer.cosine)).toBeLessThanOrEqual(1);
    expect(JSON.stringify(lines)).not.toContain('seconds');
    expect(lines[0].eta).toBe(0.3);
  });

  it('evaluates to what its log says', async () => {
    const [last] = (await readMetrics(join(base, 'a'))).slice(-1);
    const evaluation = await evaluateRun(join(base, 'a'), {}, parts);
    expect(evaluation).toMatchObject({ images: 24, epoch: 4 });
    expect(evaluation.accuracy).toBe(last.testAccuracy);
    expect(evaluation.loss).toBe(last.testLoss);
    const best = await evaluateRun(join(base, 'a'), { checkpoint: 'best' }, parts);
    expect(best.accuracy).toBe((await readSummary(join(base, 'a')))?.best?.accuracy);
  });

  it.each(['cpu', 'surge-reference', ...nativeBackends] as const)(
    'has the accuracy that its log says on %s, too',
    async (backend) => {
      const [last] = (await readMetrics(join(base, 'a'))).slice(-1);
      const evaluation = await evaluateRun(join(base, 'a'), {}, tinyParts(backend));
      expect(evaluation.engine.backend).toBe(backend);
      expect(evaluation.accuracy).toBe(last.testAccuracy);
      expect(Math.abs((evaluation.loss ?? NaN) / (last.testLoss ?? NaN) - 1)).toBeLessThan(1e-6);
    },
  );
});

describe('stopping and resuming', () => {
  it('after two epochs equals no stop, bit for bit', async () => {
    const out = join(base, 'stopped');
    const half = await train(out, { stopAfter: 2 });
    expect(half).toMatchObject({ status: 'stop-after', epochsDone: 2 });
    const whole = await train(out, { resume: true });
    expect(whole).toMatchObject({ status: 'finished', epochsDone: 4 });
    expect(whole.hashes).toEqual((await readSummary(join(base, 'a')))?.hashes);
    expect(await content(out)).toEqual(await content(join(base, 'a')));
  });

  it("after two epochs equals no stop on TF.js's own backend, too", async () => {
    const which = tinyRecipe({ epochs: 2 });
    const cpu = tinyParts('cpu');
    const [straight, stopped] = [join(base, 'cpu-1'), join(base, 'cpu-2')];
    await runTraining(which, { out: straight }, cpu);
    await runTraining(which, { out: stopped, stopAfter: 1 }, cpu);
    await runTraining(which, { out: stopped, resume: true }, cpu);
    expect(await content(stopped)).toEqual(await content(straight));
  });

  it('equals no stop after Ctrl-C in the middle of an epoch and of an evaluation', async () => {
    const out = join(base, 'aborted');
    const stopAt = async (resume: boolean, when: (event: TrainEvent) => boolean) => {
      const controller = new AbortController();
      const onEvent = (event: TrainEvent) => {
        if (when(event)) controller.abort();
      };
      const summary = await train(out, { resume, signal: controller.signal, onEvent });
      expect(summary.status).toBe('aborted');
    };
    await stopAt(false, (event) => event.type === 'step' && event.step === 6);
    await stopAt(true, (event) => event.type === 'step' && event.step === 8);
    await stopAt(true, (event) => event.type === 'evaluation');
    await train(out, { resume: true });
    expect(await content(out)).toEqual(await content(join(base, 'a')));
  });

  it('drops log lines that were written after the last checkpoint', async () => {
    const out = join(base, 'crashed');
    await train(out, { stopAfter: 3 });
    await writeFile(join(out, 'metrics.jsonl'), 'half a li', { flag: 'a' });
    await train(out, { resume: true });
    expect(await content(out)).toEqual(await content(join(base, 'a')));
  });

  it.each([
    ['sgd with Nesterov', { 'optimizer.name': 'sgd', 'optimizer.nesterov': true }],
    ['bop', { 'groups.binary.optimizer': { name: 'bop', gamma: 0.01, threshold: 1e-6 } }],
    ['accumulation and clipping', { accumulate: 3, 'clip.globalNorm': 0.5, 'clip.value': 0.1 }],
    ['batch norm re-estimated for evaluation', { reestimateNorm: 2 }],
    ['a whole-epoch p, rare evaluation', { floorToEpochs: true, evaluateEvery: 3 }],
    ['no compensator', { compensator: 'none' }],
    ['a frozen auxiliary', { 'compensator.auxiliary': 'frozen' }],
    ['a grouped auxiliary', { 'compensator.auxiliary': { form: 'grouped', groups: 2 } }],
    ['a low-rank auxiliary', { 'compensator.auxiliary': { form: 'lowRank', rank: 2 } }],
    [
      'a lam for each channel',
      { 'compensator.normScope': 'channel', 'compensator.lambda': 'adaptive' },
    ],
    ['learnable values of the inputs', { binarizer: 'adabin' }],
    ['a learnable, random scale', { binarizer: { name: 'recu', scale: 'learnable' } }],
    ['weights that are real at first', { binarizer: 'biper', floorToEpochs: true }],
    ['a method without latent weights', { binarizer: 'bop' }],
  ])('also with %s', async (name, overrides) => {
    const which = tinyRecipe({ epochs: 3, ...overrides });
    const [straight, stopped] = [join(base, `${name}-1`), join(base, `${name}-2`)];
    await train(straight, {}, which);
    await train(stopped, { stopAfter: 1 }, which);
    await train(stopped, { resume: true }, which);
    expect(await content(stopped)).toEqual(await content(straight));
  });

  it('evaluates with the weights of its stage: real ones are real in a loaded run, too', async () => {
    const out = join(base, 'real');
    const which = tinyRecipe({ epochs: 3, binarizer: { name: 'biper', realUntil: 0.5 } });
    for (const stopAfter of [1, 3]) {
      const { last } = await train(out, { stopAfter, resume: stopAfter > 1 }, which);
      const { model } = await loadRun(out, {}, parts);
      expect(binaryLayers(model).map((layer) => layer.isReal)).toEqual([stopAfter === 1]);
      model.dispose();
      const { accuracy, loss } = await evaluateRun(out, {}, parts);
      expect({ accuracy, loss }).toEqual({ accuracy: last?.accuracy, loss: last?.loss });
    }
  });

  it('refuses another recipe, engine or data and names the difference', async () => {
    const out = join(base, 'half');
    await train(out, { stopAfter: 1 });
    const resume = (overrides: Record<string, unknown>, other = parts) =>
      runTraining(tinyRecipe(overrides), { out, resume: true }, other);
    await expect(resume({ epochs: 5 })).rejects.toThrow('epochs is 5, the run has 4');
    await expect(resume({ 'compensator.eta': 0.1 })).rejects.toThrow('compensator.eta is 0.1');
    await expect(resume({ 'optimizer.learningRate': 1 })).rejects.toThrow('optimizer.learningRate');
    await expect(resume({}, tinyParts('cpu'))).rejects.toThrow(
      /this is cpu with 1 thread, the run used surge-wasm with \d+ threads?; .*\(to go on: engine.backend wasm\)/,
    );
    const data = async () => {
      const { train, evaluatedOn } = await parts.data(recipe);
      return { train, evaluation: train, evaluatedOn };
    };
    await expect(resume({}, { ...parts, data })).rejects.toThrow('the images are not those');
    await resume({ name: 'renamed' }).then(({ status }) => expect(status).toBe('finished'));
  });
});

describe.skipIf(!nativeIsBuilt)('the native engine (needs npm run build:native)', () => {
  const which = tinyRecipe({ epochs: 2 });

  it.each([1, 2])('with %i threads resumes and repeats bit for bit', async (threads) => {
    const native = tinyParts('surge-native', threads);
    const [straight, stopped] = [join(base, `n${threads}-1`), join(base, `n${threads}-2`)];
    const summary = await runTraining(which, { out: straight }, native);
    expect(summary.engine).toEqual({
      backend: 'surge-native',
      threads,
      isa: expect.stringMatching(/^(avx512|avx2|neon|portable)$/) as string,
    });
    await runTraining(which, { out: stopped, stopAfter: 1 }, native);
    await runTraining(which, { out: stopped, resume: true }, native);
    expect(await content(stopped)).toEqual(await content(straight));
  });

  it('does not resume with other threads or precisions', async () => {
    const out = join(base, 'n-other');
    await runTraining(which, { out, stopAfter: 1 }, tinyParts('surge-native', 1));
    const resume = (threads: number, overrides = {}) =>
      runTraining(
        tinyRecipe({ epochs: 2, ...overrides }),
        { out, resume: true },
        tinyParts('surge-native', threads),
      );
    await expect(resume(2)).rejects.toThrow(
      /with 2 threads, the run used .* with 1 thread; .*to go on: engine.threads 1\)$/,
    );
    await expect(resume(1, { 'engine.binaryGradients': 'bfloat16' })).rejects.toThrow(
      /binary gradients in bfloat16\).*to go on: engine.binaryGradients float32\)$/,
    );
    expect((await resume(1)).status).toBe('finished');
  });

  it('records gradients in bfloat16, which train to other bits', async () => {
    const [plain, rounded] = [join(base, 'n-plain'), join(base, 'n-bf16')];
    const native = tinyParts('surge-native', 1);
    const first = await runTraining(which, { out: plain }, native);
    const bf16 = tinyRecipe({
      epochs: 2,
      'engine.binaryGradients': 'bfloat16',
      'engine.auxiliaryGradients': 'bfloat16',
    });
    const second = await runTraining(bf16, { out: rounded }, native);
    expect(second.engine).toMatchObject({
      binaryGradients: 'bfloat16',
      auxiliaryGradients: 'bfloat16',
    });
    expect(second.hashes.weights).not.toBe(first.hashes.weights);
    expect(second.last?.loss).toBeCloseTo(first.last?.loss ?? NaN, 1);
  });
});

describe('a run folder', () => {
  it('is not overwritten by a second run, unless forced', async () => {
    const out = join(base, 'a');
    const before = await content(out);
    const second = train(out, {}, tinyRecipe({ seed: 4 }));
    await expect(second).rejects.toBeInstanceOf(InputError);
    await expect(second).rejects.toThrow(`${out} already holds a run`);
    expect(await content(out)).toEqual(before);
    const forced = join(base, 'forced');
    await train(forced, { stopAfter: 1 }, tinyRecipe({ seed: 4 }));
    await train(forced, { force: true });
    expect(await content(forced)).toEqual(before);
  });

  it('begins anew where a run broke off before its first checkpoint', async () => {
    const out = join(base, 'false-start');
    await mkdir(join(out, 'checkpoint'), { recursive: true });
    await writeFile(join(out, 'config.json'), JSON.stringify(recipe));
    await writeFile(join(out, 'metrics.jsonl'), '');
    await writeFile(join(out, 'checkpoint/last-0.safetensors'), 'half');
    await writeFile(join(out, 'checkpoint/last.json.tmp-17'), '{');
    await train(out, {});
    expect(await content(out)).toEqual(await content(join(base, 'a')));
  });

  it.each([
    ['an epoch', 'metrics.jsonl', '{"epoch":1}\n'],
    ['a summary', 'summary.json', '{}'],
    ['a confusion matrix', 'confusion.csv', 'a,b\n'],
    ['a model file', 'model.bnn', 'bits'],
    ['a report', 'report.html', '<p>'],
    ['a checkpoint', 'checkpoint/last.json', '{}'],
    ['the best checkpoint', 'checkpoint/best.json', '{}'],
    ['the averaged checkpoint', 'checkpoint/averaged.json', '{}'],
    ["a stranger's checkpoint", 'checkpoint/model.h5', 'weights'],
    ["a stranger's config", 'config.json', '{"hidden_size": 768}'],
  ])('with %s in it is none that broke off, and stays', async (_, name, text) => {
    const kept = await mkdtemp(join(base, 'kept-'));
    await mkdir(join(kept, 'checkpoint'));
    await writeFile(join(kept, 'config.json'), JSON.stringify(recipe));
    await writeFile(join(kept, name), text);
    await expect(train(kept, {})).rejects.toThrow('already holds a run');
    expect(await readFile(join(kept, name), 'utf8')).toBe(text);
  });

  it('that a stranger made, with a checkpoint folder and no config, stays', async () => {
    const kept = await mkdtemp(join(base, 'kept-'));
    await mkdir(join(kept, 'checkpoint'));
    await expect(train(kept, {})).rejects.toThrow('already holds a run');
    expect(await readdir(kept)).toEqual(['checkpoint']);
  });

  it('is refused while another run uses it, and nothing is lost', async () => {
    const out = join(base, 'twice');
    // Whichever is faster has it.
    const both = await Promise.allSettled([
      train(out, { stopAfter: 1 }),
      train(out, { stopAfter: 1 }),
    ]);
    const refused = both.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
    expect(refused).toEqual([
      expect.stringMatching(/in use by (process|another process)|already holds a run/),
    ]);
    const done = both.find((one) => one.status === 'fulfilled');
    expect(done?.value.epochsDone).toBe(1);
  });

  it('leaves nothing behind when the run cannot begin', async () => {
    const out = join(base, 'never');
    const data = () => Promise.reject(new InputError('the images are missing'));
    await expect(runTraining(recipe, { out }, { ...parts, data })).rejects.toThrow('are missing');
    await expect(readdir(out)).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(out, '');
    await expect(train(out)).rejects.toThrow('it is a file');
  });

  it('says what is wrong with a checkpoint', async () => {
    const out = join(base, 'damaged');
    await expect(train(out, { resume: true })).rejects.toThrow('no run to resume');
    await train(out, { stopAfter: 1 });
    const tensors = join(out, 'checkpoint', 'last-4.safetensors');
    const bytes = await readFile(tensors);
    await truncate(tensors, 100);
    await expect(train(out, { resume: true })).rejects.toThrow(/damaged: it has 100 bytes/);
    bytes[bytes.length - 20] ^= 1;
    await writeFile(tensors, bytes);
    await expect(train(out, { resume: true })).rejects.toThrow('sha256');
    await rm(tensors);
    await expect(evaluateRun(out, {}, parts)).rejects.toThrow('last-4.safetensors is missing');
    await truncate(join(out, 'checkpoint', 'last.json'), 50);
    await expect(train(out, { resume: true })).rejects.toThrow('not valid JSON');
    await expect(evaluateRun(base, {}, parts)).rejects.toThrow('is no run folder');
  });

  it('keeps the former checkpoint when a new one cannot be written', async () => {
    const out = join(base, 'full');
    await train(out, { stopAfter: 1 });
    const before = await content(out);
    // A folder in the place of the new tensors stands for a disk that refuses.
    await mkdir(join(out, 'checkpoint', 'last-8.safetensors', 'x'), { recursive: true });
    await expect(train(out, { resume: true })).rejects.toThrow(/previous checkpoint is kept/);
    await rm(join(out, 'checkpoint', 'last-8.safetensors'), { recursive: true });
    const manifest = '/checkpoint/last.json';
    expect((await content(out))[manifest]).toEqual(before[manifest]);
    await train(out, { resume: true });
    expect(await content(out)).toEqual(await content(join(base, 'a')));
  });

  it('checks its options', async () => {
    const out = join(base, 'options');
    await expect(train(out, { stopAfter: 0 })).rejects.toThrow('stopAfter');
    await expect(train(out, { resume: true, force: true })).rejects.toThrow('exclude');
  });
});

describe('pairs', () => {
  it('eta = 0 gives the bits of the network without compensator', async () => {
    const plain = await train(join(base, 'plain'), {}, tinyRecipe({ compensator: 'none' }));
    const zero = await train(join(base, 'zero'), {}, tinyRecipe({ 'compensator.eta': 0 }));
    expect(zero.hashes.weights).toBe(plain.hashes.weights);
    expect(zero.hashes.initialWeights).toBe(plain.hashes.initialWeights);
    const surge = await readSummary(join(base, 'a'));
    expect(surge?.hashes.initialWeights).toBe(plain.hashes.initialWeights);
    expect(surge?.hashes.weights).not.toBe(plain.hashes.weights);
  });
});

describe('divergence', () => {
  it('is one sentence with the step, and the run can be resumed from before', async () => {
    const out = join(base, 'diverged');
    const wild = tinyRecipe({ 'optimizer.name': 'sgd', 'optimizer.learningRate': 1e30 });
    const broken = train(out, {}, wild);
    await expect(broken).rejects.toBeInstanceOf(InputError);
    await expect(broken).rejects.toThrow(/broke off at step \d+ \(epoch 1\): .*(layer|loss)/);
    expect(await readdir(join(out, 'checkpoint'))).toContain('last.json');
  });
});

describe('full memory', () => {
  it('is one sentence with the step, of the kind that the user can mend', async () => {
    const out = join(base, 'full-memory');
    const full: typeof parts = {
      ...parts,
      model(which, set) {
        const model = parts.model(which, set);
        const first = model.layers[0];
        const call = first.call.bind(first);
        let calls = 0;
        first.call = (...args) => {
          if (++calls > 2) throw new OutOfMemoryError('the heap cannot take 4 bytes more');
          return call(...args);
        };
        return model;
      },
    };
    const broken = runTraining(recipe, { out }, full);
    await expect(broken).rejects.toThrow(
      /^the training broke off at step \d \(epoch 1\): the heap cannot take 4 bytes more$/,
    );
    await expect(broken).rejects.toMatchObject({ exitCode: 2 });
  });
});
