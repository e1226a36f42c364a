/** A short training of a method on a thousand real digits, 150 steps: what tells that it trains, and not what it is worth. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { subset } from '@surge-bnn/data';
import { defaultParts, parseRecipe, runTraining } from '@surge-bnn/train';
import type { Parts, RecipeInput } from '@surge-bnn/train';
import { afterAll, beforeAll } from 'vitest';

const parts: Parts = {
  ...defaultParts,
  async data(recipe) {
    const data = await defaultParts.data(recipe);
    const first = Int32Array.from({ length: 500 }, (_, i) => i);
    return { ...data, evaluation: subset(data.evaluation, first, 'test') };
  },
  workers: 0,
};

/** Bop's published numbers are for millions of steps. */
const flipsSooner: RecipeInput['groups'] = {
  binary: { optimizer: { name: 'bop', gamma: 0.01, threshold: 1e-5 } },
};

const base = {
  data: { name: 'digits', trainLimit: 1000 },
  network: { name: 'digits-cnn', options: { width: 8 } },
  optimizer: { name: 'adam', learningRate: 0.01 },
  schedule: { type: 'cosine', from: 1, to: 0 },
  epochs: 6,
  batchSize: 40,
  seed: 1,
  evaluateEvery: 6,
  reestimateNorm: 10,
} as const satisfies RecipeInput;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'methods-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The accuracy after the last epoch; chance and a gradient of the wrong sign do not reach `reached`. */
export async function accuracyOf(name: string, changes: Partial<RecipeInput>): Promise<number> {
  const recipe = parseRecipe({
    ...base,
    binarizer: name,
    ...(name === 'bop' ? { groups: flipsSooner } : {}),
    ...changes,
  });
  const out = await mkdtemp(path.join(folder, 'run-'));
  const { last } = await runTraining(recipe, { out }, parts);
  return last?.accuracy ?? 0;
}

export const reached = 0.4;
