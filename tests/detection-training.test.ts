/** A detector as a run: trained, stopped and gone on with, evaluated from its folder, compared. */
import { readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { backendMemory } from '@surge-bnn/engine';
import {
  compareRuns,
  defaultParts,
  detectInSet,
  evaluateRun,
  judge,
  loadDetectorRun,
  loadRun,
  readMetrics,
  runTraining,
} from '@surge-bnn/train';
import type { Parts, Recipe } from '@surge-bnn/train';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shapesFolder } from './annotated-shapes.js';
import { backends } from './backends.js';
import { shapesRecipe } from './shapes-recipe.js';

let folder: string;
/** What the first engine finds. */
let first: Awaited<ReturnType<typeof detectInSet>> | undefined;
const parts: Parts = { ...defaultParts, workers: 0 };

const recipe = (set?: Readonly<Record<string, unknown>>) => shapesRecipe(folder, set);
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
