import { loadRecipe } from '@surge-bnn/train';
import { describe, expect, it } from 'vitest';
import { costOf } from './network-cost.js';
import { findRecipe, recipeNames } from './workspace.js';

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
