/**
 * Before a comparison begins: whether the engine, as it is then, can hold each of its runs, so that one that is too large by itself is not
 * refused after hours of others. What former runs of other sizes leave in the heap comes on top; every run is looked at again with it
 * before its first step.
 */
import { join } from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { engineRecord } from '../engine-record.js';
import { canonical } from '../hash.js';
import { planMemory } from '../memory/plan.js';
import type { Recipe } from '../recipe/schema.js';
import { dataHashOf } from '../source.js';
import { planStages } from '../stage-plan.js';
import { openTask } from '../task/open-task.js';
import { finished } from './queue.js';
import type { Job, QueueOptions } from './queue.js';

/**
 * Jobs that differ in nothing that takes memory are looked at once, and those that are done not at all.
 *
 * @throws InputError for the first that does not fit, naming its arm.
 */
export async function checkMemory(
  jobs: readonly Job[],
  { out, signal, parts, onEvent }: QueueOptions,
): Promise<void> {
  const seen = new Set<string>();
  for (const { recipe, arm, folder } of jobs) {
    const key = sizing(recipe);
    // What a detector or a network for texts needs is not known beforehand.
    if (seen.has(key) || signal?.aborted || !isOfPictures(recipe)) continue;
    seen.add(key);
    const engine = engineRecord(await parts.engine(recipe.engine));
    if (await finished(join(out, folder), recipe, engine)) continue;
    const task = await openTask(recipe, parts, (done, of) => {
      onEvent({ type: 'train', event: { type: 'decode', done, of } });
    });
    const context = {
      recipe,
      options: { signal },
      parts,
      engine,
      task,
      dataHash: dataHashOf(task.data),
      plan: planStages(recipe, task.data.train.count),
    };
    await planMemory(context).catch((error: unknown) => {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`arm "${arm}": ${error.message}`, { cause: error });
    });
  }
}

/** What of a recipe decides how much memory it takes, and much that does not. */
function sizing(recipe: Recipe): string {
  const { learningRate: _, ...optimizer } = { learningRate: 0, ...recipe.optimizer };
  const { compensator } = recipe;
  return canonical({
    ...recipe,
    name: '',
    description: '',
    seed: 0,
    optimizer,
    schedule: 0,
    compensator:
      compensator === 'none' ? compensator : { ...compensator, eta: compensator.eta === 0 },
  });
}

function isOfPictures({ detection, language }: Recipe): boolean {
  return detection === undefined && language === undefined;
}
