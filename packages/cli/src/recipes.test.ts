import { readFileSync } from 'node:fs';
import { finalStage, loadRecipe, progressAt, schedule } from '@surge-bnn/train';
import type { ScheduleSpec } from '@surge-bnn/train';
import { describe, expect, it } from 'vitest';
import { costOf } from './network-cost.js';
import { findRecipe, recipeNames } from './workspace.js';

it('a model file is counted to the byte before anything is trained', async () => {
  const { file } = await costOf(await loadRecipe(findRecipe('digits-small')));
  const bits = (filters: number, products: number) => filters * Math.ceil(products / 8);
  const threshold = (channels: number) => 4 * channels + Math.ceil(channels / 8);
  const affine = (channels: number) => 8 * channels;
  const payload = [
    4 * 9 * 16 + affine(16), // stem, norm0
    bits(32, 9 * 16) + Math.ceil(32 / 8) + threshold(32), // binary1, pool, norm1
    bits(64, 9 * 32) + threshold(64), // binary2, norm2
    bits(64, 9 * 64) + affine(64), // binary3, norm3
    4 * (64 * 10 + 10), // classifier
  ].reduce((a, b) => a + b);
  expect(file?.payload).toBe(payload);
  expect(file?.total).toBe((file?.header ?? NaN) + payload);
});

describe('the recipes that come with the project', () => {
  it.each(recipeNames())(
    '%s is valid and is binary in at least 90 % of its multiply-adds (a detector in those of its backbone’s stages, BERT in those of its encoder)',
    async (name) => {
      const recipe = await loadRecipe(findRecipe(name));
      expect(recipe.name).toBe(name);
      // What extends another recipe has its network, and BERT-base takes its time.
      if (readFileSync(findRecipe(name), 'utf8').includes('"extends"')) return;
      const { network } = finalStage(recipe);
      const { total, layers } = await costOf(recipe);
      const own = network.options.backbone as { options?: { precision?: string } } | undefined;
      const isFull = (own?.options ?? network.options).precision === 'full';
      // Of a detector it is the backbone that is binary.
      const backbone = layers.filter(({ name }) => /^(layer\d|features)\./.test(name));
      const encoder = layers.filter(({ name }) => name.startsWith('bert.encoder.'));
      const ofDetector = recipe.detection !== undefined || recipe.name.includes('backbone');
      const counted = ofDetector ? backbone : recipe.language === undefined ? [total] : encoder;
      const sum = (key: 'binaryMacs' | 'floatMacs') =>
        counted.reduce((all, one) => all + one[key], 0);
      const share = sum('binaryMacs') / (sum('binaryMacs') + sum('floatMacs'));
      if (isFull) expect(share).toBe(0);
      else expect(share).toBeGreaterThanOrEqual(0.9);
    },
  );

  it('ReCU’s warms up as its authors do: a fifth more each epoch, then a cosine', () => {
    const recipe = JSON.parse(readFileSync(findRecipe('cifar10-recu'), 'utf8')) as {
      epochs: number;
      schedule: ScheduleSpec;
    };
    const factor = schedule(recipe.schedule);
    const { epochs } = recipe;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const expected =
        epoch < 4 ? (epoch + 1) / 5 : (1 + Math.cos((Math.PI * (epoch - 4)) / (epochs - 4))) / 2;
      expect(factor(progressAt(epoch * 196, 196, epochs, true))).toBeCloseTo(expected, 6);
    }
  });
});
