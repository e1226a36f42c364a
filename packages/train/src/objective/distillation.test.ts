/** Distillation: the loss and its gradient against plain loops, whole runs with a teacher, and what is refused. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeImageSet } from '@surge-bnn/data';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchGradients, smoothLabels } from '../gradients.js';
import { parametersOf } from '../parameters.js';
import { distillationSchema } from '../recipe/additions.js';
import { runTraining } from '../run.js';
import { tinyImages, tinyModel, tinyParts, tinyRecipe } from '../testing/fixture.js';
import { content } from '../testing/run-content.js';
import type { RunOptions } from '../types.js';
import { distillation } from './distillation.js';
import type { Teacher } from './teacher.js';

const parts = tinyParts();
const set = tinyImages('train', 52);
let base: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'distillation-'));
  await parts.engine(tinyRecipe().engine);
});

/** Rows of probabilities at a temperature, in float64. */
function softmax(logits: number[][], temperature: number): number[][] {
  return logits.map((row) => {
    const powers = row.map((v) => Math.exp(v / temperature));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((v) => v / sum);
  });
}

function crossEntropy(targets: number[][], predicted: number[][]): number[] {
  return targets.map(
    (row, i) => -row.reduce((sum, t, c) => sum + t * Math.log(predicted[i][c]), 0),
  );
}

const rows = (tensor: tf.Tensor) => tensor.arraySync() as number[][];

describe('the loss', () => {
  const specs = [
    { logits: { temperature: 1, weight: 1 } },
    { logits: { temperature: 4, weight: 0.7 } },
    { features: { weight: 0.3, pairs: [{ student: 'norm0', teacher: 'norm0' }] } },
    {
      logits: { temperature: 2, weight: 0.5 },
      features: {
        weight: 2,
        pairs: [
          { student: 'norm1', teacher: 'norm1' },
          { student: 'norm0', teacher: 'stem' },
        ],
      },
    },
  ];

  it.each(specs)('of %j is the formula, and its gradient its slope', (written) => {
    const spec = distillationSchema.parse({ teacher: 'somewhere', ...written });
    const recipe = tinyRecipe();
    const student = tinyModel(recipe, set);
    const teacherModel = tinyModel({ ...recipe, seed: 77 }, set);
    const teacher: Teacher = { model: teacherModel, hash: '', adjust: (x) => tf.mul(x, 1.5) };
    const objective = distillation(student, teacher, spec);
    const images = Float32Array.from({ length: 5 * 36 }, (_, i) => Math.sin(i * i));
    const batch = { images, labels: Int32Array.of(0, 3, 1, 2, 3), count: 5 };
    const options = { inputShape: [6, 6, 1], classes: 4, labelSmoothing: 0.2 } as const;
    const result = () => {
      const before = tf.memory().numTensors;
      const all = { ...options, accumulate: 1, objective };
      const one = batchGradients(
        student,
        parametersOf(student).filter((p) => p.trainable),
        batch,
        all,
      );
      expect(tf.memory().numTensors - before).toBe(one.gradients.size);
      return one;
    };
    // Outputs of single layers, each from a walk of its own through the sequence.
    const through = (which: typeof student, x: tf.Tensor, until: string, training: boolean) => {
      let y = x;
      for (const layer of which.layers) {
        y = layer.apply(y, { training }) as tf.Tensor;
        if (layer.name === until) break;
      }
      return y;
    };
    const expected = tf.tidy(() => {
      const x = tf.tensor4d(images, [5, 6, 6, 1]);
      const mine = rows(through(student, x, 'classifier', true));
      const its = rows(through(teacherModel, tf.mul(x, 1.5), 'classifier', false));
      const labels = rows(smoothLabels(batch.labels, 4, 0.2));
      const hard = crossEntropy(labels, softmax(mine, 1));
      const soft = spec.logits;
      const t = soft?.temperature ?? 1;
      const softened = crossEntropy(softmax(its, t), softmax(mine, t));
      const w = soft?.weight ?? 0;
      let loss = hard.reduce((sum, h, i) => sum + (1 - w) * h + w * t * t * softened[i], 0) / 5;
      for (const pair of spec.features?.pairs ?? []) {
        const f = through(student, x, pair.student, true).dataSync<'float32'>();
        const g = through(teacherModel, tf.mul(x, 1.5), pair.teacher, false).dataSync<'float32'>();
        const squares = f.reduce((sum, v, i) => sum + (v - g[i]) ** 2, 0);
        loss += ((spec.features?.weight ?? 0) * squares) / f.length;
      }
      return loss;
    });
    const { loss, gradients } = result();
    expect(loss).toBeCloseTo(expected, 4);
    // Finite differences along the gradient, of float parameters behind the last sign.
    for (const layer of ['norm1', 'classifier']) {
      const parameter = parametersOf(student).find((p) => p.trainable && p.layer === layer);
      const gradient = parameter && gradients.get(parameter.key);
      if (parameter === undefined || gradient === undefined) throw new Error('no gradient');
      const norm = Math.sqrt(gradient.dataSync<'float32'>().reduce((sum, v) => sum + v * v, 0));
      const kept = tf.mul(parameter.variable, 1);
      const at = (h: number) => {
        const moved = tf.tidy(() => tf.add(kept, tf.mul(gradient, h / norm)));
        parameter.variable.assign(moved);
        moved.dispose();
        const one = result();
        tf.dispose([...one.gradients.values()]);
        return one.loss;
      };
      expect((at(1e-2) - at(-1e-2)) / 2e-2 / norm).toBeCloseTo(1, 1);
      parameter.variable.assign(kept);
      kept.dispose();
    }
    tf.dispose([...gradients.values()]);
    student.dispose();
    teacherModel.dispose();
  });
});

describe('runs with a teacher', () => {
  const train = (
    name: string,
    overrides: Readonly<Record<string, unknown>>,
    options: Partial<RunOptions> = {},
    which = parts,
  ) =>
    runTraining(
      tinyRecipe({ epochs: 3, ...overrides }),
      { out: join(base, name), ...options },
      which,
    );
  const logits = { temperature: 2, weight: 0.8 };
  const features = { weight: 0.5, pairs: [{ student: 'norm1', teacher: 'norm1' }] };
  let run: string;

  beforeAll(async () => {
    run = join(base, 'teacher');
    await train('teacher', { compensator: 'none' });
  });

  it.each([
    ['logits', { logits }],
    ['features', { features }],
    ['both', { logits, features }],
    ['logits alone', {}],
  ])(
    'by %s: stopped and resumed equals no stop; the teacher stays as it is',
    async (name, kind) => {
      const teacherBefore = await content(run);
      const recipe = { distillation: { teacher: run, ...kind } };
      const before = tf.memory().numTensors;
      const summary = await train(name, recipe);
      expect(tf.memory().numTensors).toBe(before);
      const stopped = `${name}-stopped`;
      await train(stopped, recipe, { stopAfter: 1 });
      await train(stopped, recipe, { resume: true });
      expect(await content(join(base, stopped))).toEqual(await content(join(base, name)));
      expect(await content(run)).toEqual(teacherBefore);
      const plain = await train(`${name}-plain`, {});
      expect(summary.hashes.weights).not.toBe(plain.hashes.weights);
      expect(summary.hashes.initialWeights).toBe(plain.hashes.initialWeights);
      const teacher = await train('teacher-again', { compensator: 'none' }, { force: true });
      expect(summary.hashes.teacher).toBe(teacher.hashes.weights);
    },
  );

  it('does not go on with another teacher', async () => {
    const copy = join(base, 'second');
    await train('second', { compensator: 'none' });
    const recipe = { distillation: { teacher: copy } };
    await train('two-teachers', recipe, { stopAfter: 1 });
    await rm(copy, { recursive: true });
    await train('second', { compensator: 'none', seed: 5 });
    await expect(train('two-teachers', recipe, { resume: true })).rejects.toThrow(
      'with another teacher',
    );
  });

  it('adjusts the images where the teacher was trained on others', async () => {
    // Trained on half as many images, the teacher has another mean and deviation.
    const half = {
      ...parts,
      data: () => Promise.resolve({ ...dataOf(26), evaluatedOn: 'test' as const }),
    };
    await train('half-teacher', { 'data.trainLimit': 26 }, {}, half);
    const both = {
      ...parts,
      data: (recipe: ReturnType<typeof tinyRecipe>) =>
        recipe.data.trainLimit === 26 ? half.data() : parts.data(recipe),
    };
    const recipe = { distillation: { teacher: join(base, 'half-teacher') } };
    const summary = await train('adjusted', recipe, {}, both);
    expect(summary.status).toBe('finished');
  });

  it('refuses a teacher that is missing, unfinished, of other classes or layers', async () => {
    const taught = (teacher: unknown, more = {}, which = parts) =>
      train('refused', { distillation: { teacher, ...more } }, {}, which);
    const nowhere = join(base, 'nowhere');
    await expect(taught(nowhere)).rejects.toThrow(
      `distillation.teacher: there is no run in ${nowhere}; give the folder of a finished run`,
    );
    await train('unfinished', {}, { stopAfter: 1 });
    await expect(taught(join(base, 'unfinished'))).rejects.toThrow('is not finished');
    const pairs = (student: string, teacher: string) => ({
      features: { weight: 1, pairs: [{ student, teacher }] },
    });
    await expect(taught(run, pairs('norm2', 'norm1'))).rejects.toThrow(
      'layer of the network in distillation.features "norm2"',
    );
    await expect(taught(run, pairs('norm1', 'norn1'))).rejects.toThrow('did you mean "norm1"');
    await expect(taught(run, pairs('norm0', 'norm1'))).rejects.toThrow(
      /"norm0" has outputs of shape/,
    );
    const three = {
      ...parts,
      data: (recipe: ReturnType<typeof tinyRecipe>) =>
        recipe.name === 'three'
          ? Promise.resolve({ ...dataOf(52, 3), evaluatedOn: 'test' as const })
          : parts.data(recipe),
    };
    await train('three', { name: 'three' }, {}, three);
    await expect(taught(join(base, 'three'), {}, three)).rejects.toThrow(
      /its 3 classes \(0, 1, 2\), this run has tiny and 4 .*must have the same classes/,
    );
  });
});

function dataOf(count: number, classes = 4) {
  const cut = (images: typeof set) => {
    const { sha256: _, labels, ...rest } = images;
    return makeImageSet({
      ...rest,
      labels: labels.map((label) => Math.min(label, classes - 1)),
      classes: rest.classes.slice(0, classes),
    });
  };
  return { train: cut(tinyImages('train', count)), evaluation: cut(tinyImages('test', 24)) };
}
