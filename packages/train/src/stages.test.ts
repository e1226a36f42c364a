/** Runs in stages, runs that begin with another run's weights, and what of them is refused. */
import { InputError } from '@surge-bnn/contract';
import * as tf from '@tensorflow/tfjs-core';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { armRecipe } from './compare/arms.js';
import { evaluateRun, loadRun } from './load-run.js';
import { applyOverrides, parseRecipe } from './recipe/recipe.js';
import { readMetrics } from './run-folder.js';
import { runTraining } from './run.js';
import { tinyParts, tinyRecipe } from './testing/fixture.js';
import { content } from './testing/run-content.js';
import type { RunOptions, TrainEvent } from './types.js';

const parts = tinyParts();
let base: string;

const train = (
  name: string,
  overrides: Readonly<Record<string, unknown>>,
  options: Partial<RunOptions> = {},
) => runTraining(tinyRecipe(overrides), { out: join(base, name), ...options }, parts);

const sgd = { name: 'sgd', learningRate: 0.1, momentum: 0.9 };
const stages = [
  { name: 'soft', epochs: 2, binarizer: 'identity', compensator: 'none' },
  { name: 'hard', epochs: 2, optimizer: sgd, batchSize: 20, labelSmoothing: 0.1 },
];

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'stages-'));
  await parts.engine(tinyRecipe().engine);
});

describe('stages', () => {
  it('follow one another: weights go on, p and the optimizer begin anew', async () => {
    const events: TrainEvent[] = [];
    const before = tf.memory().numTensors;
    const summary = await train('whole', { stages }, { onEvent: (event) => events.push(event) });
    expect(tf.memory().numTensors).toBe(before);
    expect(summary).toMatchObject({ status: 'finished', epochs: 4, epochsDone: 4 });
    // 52 images: 4 steps of 16, 3 of 20.
    expect(summary.steps).toBe(2 * 4 + 2 * 3);
    const lines = await readMetrics(join(base, 'whole'));
    expect(lines.map(({ epoch, stage, step }) => [epoch, stage, step])).toEqual([
      [1, 1, 4],
      [2, 1, 8],
      [3, 2, 11],
      [4, 2, 14],
    ]);
    // Half a cosine over each stage, seen at the last step of each epoch.
    const cosine = (rate: number, p: number) => (rate * (1 + Math.cos(Math.PI * p))) / 2;
    const rates = [
      cosine(0.02, 3 / 8),
      cosine(0.02, 7 / 8),
      cosine(0.1, 2 / 6),
      cosine(0.1, 5 / 6),
    ];
    lines.forEach(({ learningRate }, i) => {
      expect(learningRate).toBeCloseTo(rates[i], 12);
    });
    expect(summary.stages?.map(({ name, epochs, last }) => [name, epochs, last?.epoch])).toEqual([
      ['soft', 2, 2],
      ['hard', 2, 4],
    ]);
    expect(summary.last).toEqual(summary.stages?.[1].last);
    // The best of the stage that ships, not of the easier one before it.
    expect(summary.best?.epoch).toBeGreaterThan(2);
    expect(events.flatMap((event) => (event.type === 'stage' ? [event.title] : []))).toEqual([
      'stage 1 of 2 (soft)',
      'stage 2 of 2 (hard)',
    ]);
    const steps = events.filter((event) => event.type === 'step');
    expect(steps.every(({ of, epochs }) => of === 14 && epochs === 4)).toBe(true);
  });

  it('begin with exactly the weights that the stage before would have ended with alone', async () => {
    const alone = await train('alone', { ...stages[0], name: 'alone' });
    const still = await train('still', {
      stages: [stages[0], { epochs: 1, optimizer: { ...sgd, learningRate: 0 } }],
    });
    expect(still.stages?.[0].last).toEqual(alone.last);
    expect(still.hashes.initialWeights).toBe(alone.hashes.initialWeights);
    const [one, two] = await Promise.all([
      loadRun(join(base, 'alone'), {}, parts),
      loadRun(join(base, 'still'), {}, parts),
    ]);
    for (const name of ['stem', 'binary1', 'classifier']) {
      const kernels = [one, two].map(({ model }) =>
        model.getLayer(name).getWeights()[0].dataSync(),
      );
      expect(kernels[1]).toEqual(kernels[0]);
    }
    one.model.dispose();
    two.model.dispose();
  });

  it.each([1, 2, 3])('stopped after epoch %i and resumed equal no stop', async (stopAfter) => {
    const name = `stopped-${stopAfter}`;
    await train(name, { stages }, { stopAfter });
    const summary = await train(name, { stages }, { resume: true });
    expect(await content(join(base, name))).toEqual(await content(join(base, 'whole')));
    expect(summary.stages).toHaveLength(2);
    const evaluation = await evaluateRun(join(base, name), {}, parts);
    expect(evaluation.accuracy).toBe(summary.last?.accuracy);
  });

  it('broken off in the middle of a stage, at every step, equal no stop', async () => {
    const name = 'every-step';
    for (let i = 0; i < 14; i++) {
      const controller = new AbortController();
      const onEvent = (event: TrainEvent) => {
        if (event.type === 'step') controller.abort();
      };
      await train(name, { stages }, { signal: controller.signal, onEvent, resume: i > 0 });
    }
    await train(name, { stages }, { resume: true });
    expect(await content(join(base, name))).toEqual(await content(join(base, 'whole')));
  });

  it('have averaged weights when the last one has', async () => {
    const averaging = { type: 'swa', from: 0.5, reestimateNorm: 1 };
    const averaged = stages.map((stage) => ({ ...stage, averaging }));
    const evaluate = () => evaluateRun(join(base, 'averaged'), { checkpoint: 'averaged' }, parts);
    // Of the second stage one epoch of two: its average begins with the other one.
    await train('averaged', { stages: averaged }, { stopAfter: 3 });
    await expect(evaluate()).rejects.toThrow(InputError);
    await expect(evaluate()).rejects.toThrow(
      `the averaged weights in ${join(base, 'averaged')} are those of stage 1 of 2 (soft)`,
    );
    const summary = await train('averaged', { stages: averaged }, { resume: true });
    expect((await evaluate()).accuracy).toBe(summary.averaged?.last.accuracy);
  });

  it('may turn latent weights into Bop’s signs', async () => {
    const bop = { binary: { optimizer: { name: 'bop', gamma: 0.1, threshold: 1e-7 } } };
    const summary = await train('bop', { stages: [stages[0], { epochs: 1, groups: bop }] });
    expect(summary.status).toBe('finished');
    const run = await loadRun(join(base, 'bop'), {}, parts);
    const kernel = run.model.getLayer('binary1').getWeights()[0].dataSync();
    expect([...kernel].every((v) => Math.abs(v) === 1)).toBe(true);
    run.model.dispose();
  });
});

describe('initialFrom', () => {
  it('begins with the weights of a finished run', async () => {
    const source = await train('source', { epochs: 1 });
    const run = join(base, 'source');
    const summary = await train('from', { epochs: 1, initialFrom: run, seed: 9 });
    expect(summary.hashes.initialWeights).toBe(source.hashes.weights);
    expect(summary.hashes.initialFrom).toBe(source.hashes.weights);
    const named = { run, weights: source.hashes.weights };
    const again = await train('named', { epochs: 1, initialFrom: named, seed: 9 });
    expect(again.hashes.weights).toBe(summary.hashes.weights);
  });

  it('is refused in one sentence where there is nothing to begin with', async () => {
    await train('half', {}, { stopAfter: 1 });
    const from = (initialFrom: unknown) => train('refused', { initialFrom });
    const nowhere = join(base, 'nowhere');
    await expect(from(nowhere)).rejects.toThrow(`initialFrom: there is no run in ${nowhere}`);
    await expect(from(join(base, 'half'))).rejects.toThrow('is not finished; finish it first');
    const other = { run: join(base, 'source'), weights: 'abc' };
    await expect(from(other)).rejects.toThrow('the recipe names abc');
    await expect(from({ run: join(base, 'source'), checkpoint: 'averaged' })).rejects.toThrow(
      'the recipe averages no weights',
    );
    await expect(from(nowhere)).rejects.toBeInstanceOf(InputError);
  });
});

describe('recipes with stages', () => {
  const plain = {
    data: { name: 'digits' },
    network: 'small',
    optimizer: { name: 'adam', learningRate: 0.01 },
    batchSize: 10,
  };
  const cases: [object, string][] = [
    [{ stages: [{ name: 'a' }] }, 'r.json: stages.0.epochs is missing; give a number'],
    [{ stages: [] }, 'stages must not be empty'],
    [{ stages: [{ epochs: 1, seed: 2 }] }, 'unknown key "seed" in stages.0'],
    [{ stages: [{ epochs: 1, binariser: 'ste' }] }, 'did you mean "binarizer"'],
    [{ stages: [{ epochs: 1, optimizer: { name: 'sdg' } }] }, 'did you mean "sgd"'],
    [{ stages: [{ epochs: 1 }, { epochs: 1, binarizer: 'stee' }] }, 'r.json: stage 2: unknown bin'],
    [{ stages: [{ epochs: 2 }], epochs: 3 }, 'epochs: 3 are not the 2 of the stages together'],
    [{}, 'epochs is missing; give a number'],
    [{ epochs: 1, initialFrom: 3 }, 'initialFrom must be a string or an object, got 3'],
    [{ epochs: 1, distillation: {} }, 'distillation.teacher'],
    [
      { epochs: 1, distillation: { teacher: 'x', logits: { weight: 2 } } },
      'distillation.logits.weight must be <= 1, got 2',
    ],
    [
      { epochs: 1, distillation: { teacher: 'x', features: { weight: 1, pairs: [] } } },
      'distillation.features.pairs must not be empty',
    ],
    [
      { epochs: 1, labelSmoothing: 0.1, distillation: { teacher: 'x' } },
      'r.json: labelSmoothing 0.1 has no meaning beside distillation.logits.weight 1',
    ],
    [
      {
        labelSmoothing: 0.1,
        stages: [{ epochs: 1 }, { epochs: 1, distillation: { teacher: 'x' } }],
      },
      'r.json: stage 2: labelSmoothing 0.1 has no meaning',
    ],
    [
      { stages: [{ name: 'soft', epochs: 1, averaging: { type: 'ema' } }, { epochs: 1 }] },
      'r.json: stage 1 of 2 (soft) averages its weights and the last stage does not',
    ],
    [{ epochs: 1, averaging: { type: 'emma' } }, 'averaging.type cannot be "emma" (did you mean'],
    [{ epochs: 1, averaging: { type: 'swa', decay: 0.9 } }, 'unknown key "decay" in averaging'],
    [
      { epochs: 1, binarizer: { name: 'ste', start: 1 } },
      'binarizer "ste" has no settings, got "start"',
    ],
  ];
  it.each(cases)('refuse %j', (change, text) => {
    expect(() => parseRecipe({ ...plain, ...change }, 'r.json')).toThrow(text);
    expect(() => parseRecipe({ ...plain, ...change }, 'r.json')).toThrow(InputError);
  });

  it.each([
    { epochs: 1, labelSmoothing: 0.1, distillation: { teacher: 'x', logits: { weight: 0.5 } } },
    {
      epochs: 1,
      labelSmoothing: 0.1,
      distillation: {
        teacher: 'x',
        features: { weight: 1, pairs: [{ student: 'a', teacher: 'b' }] },
      },
    },
    { stages: [{ epochs: 1 }, { epochs: 1, averaging: { type: 'ema' } }] },
    { averaging: { type: 'swa' }, stages: [{ epochs: 1 }, { epochs: 1 }] },
  ])('take %j', (change) => {
    expect(() => parseRecipe({ ...plain, ...change })).not.toThrow();
  });

  it('fill in the sum of the epochs, and take overrides of single stages', () => {
    const recipe = tinyRecipe({ stages });
    expect(recipe.epochs).toBe(4);
    expect(parseRecipe(structuredClone(recipe))).toEqual(recipe);
    const longer = tinyRecipe({ stages, 'stages.1.epochs': 5, 'stages.1.optimizer.momentum': 0 });
    expect(longer.epochs).toBe(7);
    expect(longer.stages?.[1].optimizer).toMatchObject({ name: 'sgd', momentum: 0 });
    expect(() => tinyRecipe({ stages, 'stages.7.epochs': 5 })).toThrow('stages.0 to stages.1');
    expect(() => tinyRecipe({ stages, epochs: 9 })).toThrow('9 are not the 4 of the stages');
    const other = tinyRecipe({ stages, 'stages.1.optimizer.name': 'adam' });
    expect(other.stages?.[1].optimizer).toMatchObject({ name: 'adam', learningRate: 0.1 });
    expect(other.stages?.[1].optimizer).not.toHaveProperty('momentum');
  });

  it('refuse an override that every stage hides, naming what to set', () => {
    const both = [stages[0], { ...stages[1], binarizer: 'ste' }];
    const recipe = tinyRecipe({ stages: both });
    for (const key of ['binarizer', 'binarizer.start']) {
      const override = () => applyOverrides(recipe, { [key]: 'recu' }, 'mine');
      expect(override).toThrow(InputError);
      expect(override).toThrow(
        `mine: ${key} would change nothing, because every stage names its own binarizer; set stages.0.${key} or stages.1.${key}`,
      );
    }
    // What a stage does not name, a stage's own values, and keys that are never a stage's reach the run.
    const changed = applyOverrides(recipe, {
      compensator: 'none',
      'stages.1.binarizer': 'recu',
      name: 'mine',
      seed: 9,
    });
    expect(changed).toMatchObject({ compensator: 'none', name: 'mine', seed: 9 });
    expect(changed.stages?.[1].binarizer).toBe('recu');
    const arm = { name: 'recu', set: { binarizer: 'recu' } };
    expect(() => armRecipe(recipe, arm, 1)).toThrow('arm "recu": binarizer would change nothing');
  });
});
