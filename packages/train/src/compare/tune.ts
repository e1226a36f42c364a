/**
 * Tuning before a comparison: every arm's candidates on a held-out part of the training images, equally many for each arm,
 * so that no arm wins by having been tried more often. All that was tried is kept.
 */
import { armRecipe } from './arms.js';
import type { CompareOptions } from './compare.js';
import type { Job, Queue } from './queue.js';
import { spreadOf } from './spread.js';
import type { Arm, TunedArm } from './types.js';

/** What is tried, and on what. */
export interface Tuning {
  /** Share of the training images that candidates are judged on; they are not trained on it. */
  readonly holdOut: number;
  readonly seeds: readonly number[];
  /** Recipe values for all tuning runs, e.g. fewer epochs. */
  readonly set?: Arm['set'];
  /** By arm: recipe values, one object for each candidate. */
  readonly candidates: Readonly<Record<string, readonly Arm['set'][]>>;
}

/** The runs of the tuning, arm by arm. */
export function tuningJobs({ recipe, arms, tuning }: CompareOptions): Job[] {
  if (tuning === undefined) return [];
  return arms.flatMap((arm) =>
    (tuning.candidates[arm.name] ?? []).flatMap((candidate, i) =>
      tuning.seeds.map((seed) => {
        const set = { ...arm.set, ...candidate, ...tuning.set, 'data.holdOut': tuning.holdOut };
        return {
          phase: 'tuning' as const,
          arm: `${arm.name} (${i + 1} of ${tuning.candidates[arm.name].length})`,
          recipe: armRecipe(recipe, { name: `${arm.name}, candidate ${i + 1}`, set }, seed),
          folder: `tuning/${arm.name}-${i + 1}-seed${seed}`,
        };
      }),
    ),
  );
}

/** Runs them and chooses for each arm; of equals the first. */
export async function tune(options: CompareOptions, queue: Queue): Promise<TunedArm[]> {
  const { tuning, arms } = options;
  if (tuning === undefined) return [];
  const accuracies = new Map<string, number>();
  for (const job of tuningJobs(options)) {
    const { last } = await queue.run(job);
    if (last === undefined) throw new Error(`${job.folder}: a finished run was never evaluated`);
    accuracies.set(job.folder, last.accuracy);
  }
  return arms.map((arm) => {
    const tried = (tuning.candidates[arm.name] ?? []).map((set, i) => {
      const values = tuning.seeds.map(
        (seed) => accuracies.get(`tuning/${arm.name}-${i + 1}-seed${seed}`) ?? NaN,
      );
      return { set, accuracies: values, mean: spreadOf(values).mean };
    });
    const highest = Math.max(...tried.map(({ mean }) => mean));
    return { arm: arm.name, tried, chosen: tried.findIndex(({ mean }) => mean === highest) };
  });
}

/** The arm with the values that were chosen for it. */
export function tunedArm(arm: Arm, tuned: readonly TunedArm[]): Arm {
  const own = tuned.find((one) => one.arm === arm.name);
  return own === undefined ? arm : { ...arm, set: { ...arm.set, ...own.tried[own.chosen].set } };
}
