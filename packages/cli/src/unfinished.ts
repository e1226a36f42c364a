/** Said of a checkpoint that was written in the middle of an epoch: its numbers are not those that the run will have. */
import type { LoadedRun } from '@surge-bnn/train';
import type { Output } from './terminal/output.js';

/** @param advice what else to do, if anything. */
export function noteUnfinished(
  output: Output,
  { recipe, epoch, batch }: Pick<LoadedRun, 'recipe' | 'epoch' | 'batch'>,
  advice = '',
): void {
  if (batch === 0) return;
  const norm =
    recipe.reestimateNorm > 0
      ? ', and batch norm has the moving averages of training, not the statistics that the recipe takes before it evaluates'
      : '';
  output.note(
    `unfinished: stopped ${batch} batches into epoch ${epoch + 1} of ${recipe.epochs}${norm}${advice}`,
  );
}
