/** The training code of docs/browser.md as it stands, on a part of the digits. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Model } from '@surge-bnn/core';
import { channelStatistics, loadImages, subset } from '@surge-bnn/data';
import type { ImageSet } from '@surge-bnn/data';
import { evaluateModel, loadRecipe } from '@surge-bnn/train';
import { expect, it } from 'vitest';
import { documentedScript } from './runtimes/documented.js';
import { root } from './runtimes/engines.js';

type Train = (json: unknown, set: ImageSet, onLoss: (loss: number) => void) => Promise<Model>;

it('the code that trains in a worker trains', async () => {
  const folder = path.join(root, '.cache/documented');
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, 'training.worker.js');
  await writeFile(file, documentedScript('training.worker.js'));
  try {
    const { train } = (await import(file)) as { readonly train: Train };
    const digits = await loadImages('digits', { split: 'train' });
    const set = subset(
      digits,
      Array.from({ length: 640 }, (_, i) => i),
      'train',
    );
    const recipe = await loadRecipe(path.join(root, 'recipes/digits-small.json'));
    const losses: number[] = [];
    const model = await train({ ...recipe, epochs: 3 }, set, (loss) => losses.push(loss));
    expect(losses).toHaveLength(30);
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    // It begins near the entropy of ten classes, and learns.
    const first = mean(losses.slice(0, 2));
    expect(first).toBeGreaterThan(1.5);
    expect(mean(losses.slice(-5))).toBeLessThan(0.75 * first);
    const evaluation = await evaluateModel(model, set, { normalization: channelStatistics(set) });
    expect(evaluation.images).toBe(640);
    model.dispose();
  } finally {
    await rm(folder, { recursive: true });
  }
});
