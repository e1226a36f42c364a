/**
 * The part of this package that needs no Node module, for pages and Web Workers: a recipe, its network, steps of its training,
 * evaluation. Files, checkpoints and whole runs are in index.ts alone. A test walks what it imports.
 */
export { buildNetwork, compensate } from './build-network.js';
export { evaluateModel } from './evaluate.js';
export type { EvaluateOptions } from './evaluate.js';
export { reestimateOn } from './evaluation/reestimate.js';
export type { ReestimateOptions } from './evaluation/reestimate.js';
export { imageBatches } from './gradients.js';
export type { PlainBatch, TrainingBatch } from './gradients.js';
export { applyOverrides, parseRecipe } from './recipe/recipe.js';
export type { Recipe, RecipeInput } from './recipe/schema.js';
export { progressAt, schedule } from './schedules.js';
export { atStep, Trainer } from './trainer.js';
export type { StepResult, TrainerOptions } from './trainer.js';
export { nextTurn } from './turn.js';
export type { Evaluation, LayerMetrics } from './types.js';
