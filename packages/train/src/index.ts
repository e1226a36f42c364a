/**
 * Training: recipes, optimizers as {init, update}, schedules of p, the loop, checkpoints, metrics,
 * evaluation and comparisons. Nothing here prints; progress goes through `onEvent`.
 */
export * from './recipe/recipe.js';
export { augmentationSchema, defaultEta, recipeSchema } from './recipe/schema.js';
export type { OptimizerSpec, Recipe, RecipeInput, SurgeSpec } from './recipe/schema.js';
export * from './schedules.js';
export type * from './types.js';
