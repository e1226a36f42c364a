import { loadRecipe } from '@surge-bnn/train';
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
  expect(file.payload).toBe(payload);
  expect(file.total).toBe(file.header + file.payload);
});

describe('the recipes that come with the project', () => {
  it.each(recipeNames())(
    '%s is valid and at least 95 % of its multiply-adds are binary',
    async (name) => {
      const recipe = await loadRecipe(findRecipe(name));
      expect(recipe.name).toBe(name);
      const { total } = await costOf(recipe);
      expect(total.binaryShare).toBeGreaterThanOrEqual(0.95);
    },
  );
});
