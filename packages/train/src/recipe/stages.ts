/** A recipe with stages as the recipes of its stages: what a stage does not name is the whole recipe's. */
import type { Recipe } from './schema.js';

/** The recipe of each stage, complete and without stages of its own; of a recipe without stages itself alone. */
export function stageRecipes(recipe: Recipe): readonly [Recipe, ...Recipe[]] {
  const { stages, ...whole } = recipe;
  const [first, ...rest] = (stages ?? []).map(({ name: _, ...own }) => ({ ...whole, ...own }));
  return first === undefined ? [recipe] : [first, ...rest];
}

/** The recipe of the last stage: its network is the one that ships. */
export function finalStage(recipe: Recipe): Recipe {
  return stageRecipes(recipe).at(-1) ?? recipe;
}

/** "stage 2 of 3 (both binary)", or nothing for a recipe without stages. */
export function stageTitle(recipe: Recipe, index: number): string | undefined {
  const stage = recipe.stages?.[index];
  if (recipe.stages === undefined || stage === undefined) return undefined;
  const name = stage.name === undefined ? '' : ` (${stage.name})`;
  return `stage ${index + 1} of ${recipe.stages.length}${name}`;
}
