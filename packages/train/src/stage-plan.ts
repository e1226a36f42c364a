/** The stages of a run with their places in it: whose epochs and steps come before. */
import type { CheckpointState } from './checkpoint/checkpoint.js';
import { stageRecipes, stageTitle } from './recipe/stages.js';
import type { Recipe } from './recipe/schema.js';
import { progressAt } from './schedules.js';

export interface PlannedStage {
  readonly index: number;
  readonly recipe: Recipe;
  readonly stepsPerEpoch: number;
  /** Epochs and steps of the stages before. */
  readonly epochs: number;
  readonly steps: number;
  /** undefined for a run without stages. */
  readonly title: string | undefined;
}

/** @param images how many there are for training. */
export function planStages(whole: Recipe, images: number): PlannedStage[] {
  const plan: PlannedStage[] = [];
  let [epochs, steps] = [0, 0];
  stageRecipes(whole).forEach((recipe, index) => {
    const stepsPerEpoch = Math.ceil(images / recipe.batchSize);
    plan.push({ index, recipe, stepsPerEpoch, epochs, steps, title: stageTitle(whole, index) });
    epochs += recipe.epochs;
    steps += recipe.epochs * stepsPerEpoch;
  });
  return plan;
}

/** p of the last step of a checkpoint: an evaluation sees what is scheduled as that step left it. */
export function lastProgress(
  { recipe, stage = 0, step }: Pick<CheckpointState, 'recipe' | 'stage' | 'step'>,
  images: number,
): number {
  const planned = planStages(recipe, images)[stage];
  const done = Math.max(0, step - planned.steps - 1);
  const { epochs, floorToEpochs } = planned.recipe;
  return progressAt(done, planned.stepsPerEpoch, epochs, floorToEpochs);
}

/** Steps of the whole run. */
export function totalSteps(plan: readonly PlannedStage[]): number {
  return plan.reduce((sum, { recipe, stepsPerEpoch }) => sum + recipe.epochs * stepsPerEpoch, 0);
}
