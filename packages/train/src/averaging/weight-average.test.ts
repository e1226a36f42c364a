/** Averaged weights against plain loops, and runs that keep them. */
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateRun } from '../load-run.js';
import type { Parameter } from '../parameters.js';
import { averagingSchema } from '../recipe/additions.js';
import { readMetrics } from '../run-folder.js';
import { runTraining } from '../run.js';
import { tinyParts, tinyRecipe } from '../testing/fixture.js';
import { content } from '../testing/run-content.js';
import type { RunOptions } from '../types.js';
import { WeightAverage } from './weight-average.js';

const parts = tinyParts();
let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'averages-'));
  await parts.engine(tinyRecipe().engine);
});

describe('WeightAverage', () => {
  // 3 epochs of 2 steps; the weights after step t are w(t).
  const w = (t: number) => [Math.sin(t), t * t];
  const progress = (t: number) => t / 6;
  const cases = [
    {
      spec: { type: 'ema', decay: 0.6, from: 0.3 },
      // From p >= 0.3, steps 2 to 5: begins with the first of them.
      expected: (i: number) =>
        [3, 4, 5].reduce((average, t) => 0.6 * average + 0.4 * w(t)[i], w(2)[i]),
    },
    {
      spec: { type: 'swa', from: 0.4 },
      // The ends of the epochs with p >= 0.4: steps 3 and 5.
      expected: (i: number) => (w(3)[i] + w(5)[i]) / 2,
    },
  ];
  it.each(cases)('is $spec.type', async ({ spec, expected }) => {
    const before = tf.memory().numTensors;
    const variable = tf.variable(tf.tensor1d([0, 0]));
    const frozen = tf.variable(tf.tensor1d([7]));
    const parameters: Parameter[] = [
      { key: 'a/kernel', layer: 'a', variable, role: 'other', trainable: true },
      { key: 'a/mean', layer: 'a', variable: frozen, role: 'normBias', trainable: false },
    ];
    const average = new WeightAverage(parameters, averagingSchema.parse(spec));
    expect(average.started).toBe(false);
    for (let t = 0; t < 6; t++) {
      tf.tidy(() => variable.assign(tf.tensor1d(w(t))));
      average.step(progress(t), t % 2 === 1);
    }
    await average.using(async () => {
      variable.dataSync().forEach((value, i) => {
        expect(value).toBeCloseTo(expected(i), 4);
      });
      tf.tidy(() => frozen.assign(tf.tensor1d([8])));
      await Promise.resolve();
    });
    variable.dataSync().forEach((value, i) => {
      expect(value).toBe(Math.fround(w(5)[i]));
    });
    expect([...frozen.dataSync()]).toEqual([7]);
    expect([...average.save().tensors.keys()]).toEqual(['average/a/kernel']);
    average.dispose();
    tf.dispose([variable, frozen]);
    // tf.variable takes over its initial value's data, not its handle.
    expect(tf.memory().numTensors - before).toBe(2);
  });
});

describe('runs with averaged weights', () => {
  const train = (
    name: string,
    overrides: Readonly<Record<string, unknown>>,
    options: Partial<RunOptions> = {},
  ) => runTraining(tinyRecipe(overrides), { out: join(base, name), ...options }, parts);

  it.each([
    ['ema', { type: 'ema', decay: 0.8, from: 0.3, reestimateNorm: 2 }],
    ['swa', { type: 'swa', from: 0.25, reestimateNorm: 2 }],
  ])(
    '%s: trains as without, resumes bit for bit, and ships the average',
    async (name, averaging) => {
      const plain = await train(`${name}-plain`, {});
      const before = tf.memory().numTensors;
      const summary = await train(name, { averaging });
      expect(tf.memory().numTensors).toBe(before);
      expect(summary.hashes.weights).toBe(plain.hashes.weights);
      expect(summary.last).toEqual(plain.last);
      const lines = await readMetrics(join(base, name));
      expect(lines.map(({ averagedAccuracy }) => averagedAccuracy !== undefined)).toEqual([
        false,
        true,
        true,
        true,
      ]);
      expect(summary.averaged?.last.accuracy).toBe(lines[3].averagedAccuracy);
      expect(summary.averaged?.best.accuracy).toBe(
        Math.max(...lines.slice(1).map((line) => line.averagedAccuracy ?? 0)),
      );
      const averaged = await evaluateRun(join(base, name), { checkpoint: 'averaged' }, parts);
      expect(averaged).toMatchObject({ epoch: 4, loss: lines[3].averagedLoss });
      expect((await evaluateRun(join(base, name), {}, parts)).loss).toBe(lines[3].testLoss);
      for (const stopAfter of [1, 2, 3]) {
        const stopped = `${name}-${stopAfter}`;
        await train(stopped, { averaging }, { stopAfter });
        await train(stopped, { averaging }, { resume: true });
        expect(await content(join(base, stopped))).toEqual(await content(join(base, name)));
      }
    },
  );

  it('broken off during an evaluation resumes to the same bits', async () => {
    const averaging = { type: 'swa', from: 0.25, reestimateNorm: 2 };
    const controller = new AbortController();
    let evaluations = 0;
    await train(
      'broken',
      { averaging },
      {
        signal: controller.signal,
        onEvent: ({ type }) => {
          // The second of epoch 2 is the averaged one.
          if (type === 'evaluation' && ++evaluations === 3) controller.abort();
        },
      },
    );
    expect(await readdir(join(base, 'broken', 'checkpoint'))).not.toContain('averaged.json');
    await train('broken', { averaging }, { resume: true });
    expect(await content(join(base, 'broken'))).toEqual(await content(join(base, 'swa')));
  });
});
