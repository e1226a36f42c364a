/**
 * A comparison: one recipe, several arms, several seeds, and the paired gains of arms over their baselines. Tuning, where
 * there is some, comes first; then every arm trains on all training images with the values that were chosen for it.
 */
import { InputError, unknownName } from '@surge-bnn/contract';
import { join } from 'node:path';
import { writeAtomic } from '../checkpoint/atomic.js';
import { defaultParts } from '../parts.js';
import type { Parts } from '../parts.js';
import type { Recipe } from '../recipe/schema.js';
import { armRecipe } from './arms.js';
import { checkMemory } from './check-memory.js';
import { comparedRun } from './curve.js';
import { clippingRemarks, gainsOf, pairRemarks, rowOf } from './gains.js';
import { inLockedFolder, Queue } from './queue.js';
import type { Job } from './queue.js';
import { tune, tunedArm, tuningJobs } from './tune.js';
import type { Tuning } from './tune.js';
import type { Arm, CompareEvent, ComparedRun, ComparisonTable, TunedArm } from './types.js';

export interface CompareOptions {
  readonly name: string;
  readonly recipe: Recipe;
  readonly arms: readonly Arm[];
  /** [arm, baseline]. */
  readonly pairs: readonly (readonly [string, string])[];
  readonly seeds: readonly number[];
  readonly tuning?: Tuning;
  /** Each run gets a folder ARM-seedN in it, each of the tuning one in tuning/. */
  readonly out: string;
  readonly signal?: AbortSignal;
}

/** In the comparison's folder: the table, and what made it. */
export const comparisonFile = 'comparison.json';

/**
 * Trains every arm with every seed, one after the other, and writes comparison.json. Whatever stopped it, calling it again
 * goes on.
 *
 * @throws InputError for options that do not fit together, a folder that another process uses or that holds other runs, or
 * when the signal aborts.
 */
export async function compareRuns(
  options: CompareOptions,
  onEvent: (event: CompareEvent) => void = () => undefined,
  parts: Parts = defaultParts,
): Promise<ComparisonTable> {
  checkComparison(options);
  return inLockedFolder(options.out, async () => {
    const { arms, seeds, out, signal } = options;
    const of = tuningJobs(options).length + arms.length * seeds.length;
    const queueOptions = { out, signal, onEvent, parts };
    await checkMemory([...tuningJobs(options), ...finalJobs(options, arms)], queueOptions);
    const queue = new Queue(queueOptions, of);
    const tuned = await tune(options, queue);
    const final = arms.map((arm) => tunedArm(arm, tuned));
    const runs = await finalRuns(options, final, queue);
    const table = tableOf(options, final, runs, tuned);
    await writeAtomic(join(out, comparisonFile), `${JSON.stringify(table, undefined, 2)}\n`);
    return table;
  });
}

async function finalRuns(
  options: CompareOptions,
  arms: readonly Arm[],
  queue: Queue,
): Promise<ReadonlyMap<string, readonly ComparedRun[]>> {
  const runs = new Map<string, ComparedRun[]>(arms.map(({ name }) => [name, []]));
  for (const job of finalJobs(options, arms)) {
    const summary = await queue.run(job);
    runs.get(job.arm)?.push(await comparedRun(options.out, job.folder, job.recipe.seed, summary));
  }
  return runs;
}

/** Seeds outermost: an interrupted comparison has whole pairs. */
function finalJobs({ recipe, seeds }: CompareOptions, arms: readonly Arm[]): Job[] {
  return seeds.flatMap((seed) =>
    arms.map((arm) => ({
      phase: 'final' as const,
      arm: arm.name,
      recipe: armRecipe(recipe, arm, seed),
      folder: `${arm.name}-seed${seed}`,
    })),
  );
}

function tableOf(
  { name, recipe, seeds, pairs, tuning }: CompareOptions,
  arms: readonly Arm[],
  runs: ReadonlyMap<string, readonly ComparedRun[]>,
  tuned: readonly TunedArm[],
): ComparisonTable {
  const rows = arms.map((arm) => rowOf(arm, runs.get(arm.name) ?? []));
  const matched = pairs.map(([arm, baseline]) =>
    [arm, baseline].map((one) => rows.find((row) => row.arm === one) ?? rows[0]),
  );
  return {
    name,
    recipe: recipe.name,
    seeds,
    rows,
    gains: matched.flatMap(([row, baseline]) => gainsOf(row, baseline)),
    ...(tuning === undefined
      ? {}
      : { tuning: { holdOut: tuning.holdOut, seeds: tuning.seeds, arms: tuned } }),
    remarks: [
      ...matched.flatMap(([row, baseline]) => pairRemarks(row, baseline)),
      ...clippingRemarks(rows),
    ],
  };
}

/** Before anything is trained: lists without repetition, names that exist, recipes that hold, equal budgets. */
export function checkComparison({ recipe, arms, pairs, seeds, tuning }: CompareOptions): void {
  const names = arms.map(({ name }) => name);
  checkList('arms', names);
  checkList('seeds', seeds);
  for (const name of pairs.flat()) {
    if (!names.includes(name)) throw unknownName('arm', name, names);
  }
  for (const arm of arms) {
    if (!/^[\w.=()+,-]+$/.test(arm.name)) {
      throw new InputError(
        `arm "${arm.name}": its name becomes a folder's; allowed: letters, digits and _ . = ( ) + , -`,
      );
    }
    armRecipe(recipe, arm, seeds[0]);
  }
  if (tuning !== undefined) checkTuning(recipe, arms, tuning);
}

function checkTuning(recipe: Recipe, arms: readonly Arm[], tuning: Tuning): void {
  checkList('seeds of the tuning', tuning.seeds);
  const holds = [recipe, ...arms.map((arm) => armRecipe(recipe, arm, 1))];
  if (holds.some(({ data }) => data.holdOut !== undefined)) {
    throw new InputError(
      'the tuning holds images out, and the final runs train on all of them: leave data.holdOut out of the recipe',
    );
  }
  for (const name of Object.keys(tuning.candidates)) {
    const names = arms.map((arm) => arm.name);
    if (!names.includes(name)) throw unknownName('arm in tuning.candidates', name, names);
  }
  const budgets = arms.map(({ name }) => tuning.candidates[name]?.length ?? 0);
  if (budgets.some((budget) => budget !== budgets[0]) || budgets[0] === 0) {
    const given = arms.map(({ name }, i) => `${name} ${budgets[i]}`).join(', ');
    throw new InputError(
      `every arm must be tuned with equally many candidates, at least one; tuning.candidates has: ${given}`,
    );
  }
  // Every candidate's recipe is checked now, and not when its turn comes.
  const options = { name: '', recipe, arms, pairs: [], seeds: [1], out: '', tuning };
  tuningJobs(options);
}

function checkList(what: string, list: readonly (string | number)[]): void {
  if (list.length === 0) throw new InputError(`a comparison needs at least one of ${what}`);
  if (new Set(list).size < list.length) {
    throw new InputError(`${what} of a comparison must differ, got ${list.join(', ')}`);
  }
}
