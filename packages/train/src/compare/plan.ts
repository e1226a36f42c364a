/**
 * A comparison as a file, so that it can be kept beside its results:
 *
 *     { "name": .., "recipe": name, path or recipe, "set": {..}, "seeds": [1, 2, 3],
 *       "arms": { "ste": "none", "surge": "surge", "short": { "compensator": "surge", "epochs": 20 } },
 *       "pairs": [["surge", "ste"]],
 *       "tuning": { "holdOut": 0.1, "seeds": [1], "set": { "epochs": 10 }, "candidates": { "ste": [{..}], .. } } }
 */
import { InputError } from '@surge-bnn/contract';
import { z } from 'zod';
import { explain } from '../recipe/explain.js';
import { applyOverrides, parseRecipe } from '../recipe/recipe.js';
import type { Recipe } from '../recipe/schema.js';
import { checkCompensator, refuseSeed } from './arms.js';
import type { CompareOptions } from './compare.js';
import type { Arm } from './types.js';

const values = z.record(z.string(), z.json());

const planSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().default(''),
  /** A name, a path, or the recipe itself. */
  recipe: z.union([z.string().min(1), values]),
  /** Recipe values for all arms. */
  set: values.default({}),
  seeds: z.array(z.int().min(0)).min(1),
  /** A compensator's name, or recipe values; 'compensator' may be a name there, too. */
  arms: z.record(z.string().min(1), z.union([z.string().min(1), values])),
  /** [arm, baseline]; default: every arm but the first with the first. */
  pairs: z.array(z.tuple([z.string(), z.string()])).optional(),
  tuning: z
    .strictObject({
      holdOut: z.number().gt(0).lt(1).default(0.1),
      seeds: z.array(z.int().min(0)).min(1).default([1]),
      set: values.default({}),
      candidates: z.record(z.string(), z.array(values).min(1)),
    })
    .optional(),
});

export type Plan = z.output<typeof planSchema>;

/** Whether a JSON file is a plan, and not a recipe. */
export function isPlan(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'arms' in json;
}

/**
 * @param where names its source in errors.
 * @throws InputError: what is wrong, where, what is allowed.
 */
export function parsePlan(json: unknown, where: string): Plan {
  const result = planSchema.safeParse(json);
  if (result.success) return result.data;
  throw new InputError(explain(result.error.issues, planSchema, json, where));
}

/**
 * The plan as options of `compareRuns`, without its folder.
 *
 * @param find reads the recipe that the plan names.
 */
export async function optionsOfPlan(
  plan: Plan,
  find: (name: string) => Promise<Recipe>,
  where: string,
): Promise<Omit<CompareOptions, 'out'>> {
  const { name, seeds, tuning } = plan;
  refuseSeed(plan.set, `${where}: set`);
  const written =
    typeof plan.recipe === 'string' ? await find(plan.recipe) : parseRecipe(plan.recipe, where);
  const recipe = applyOverrides(written, plan.set, where);
  const arms = Object.entries(plan.arms).map(([arm, value]): Arm => {
    const set = typeof value === 'string' ? { compensator: value } : value;
    if (typeof set.compensator === 'string') checkCompensator(set.compensator);
    return { name: arm, set };
  });
  const [first, ...others] = arms.map((arm) => arm.name);
  const pairs = plan.pairs ?? others.map((arm): [string, string] => [arm, first]);
  return { name, recipe, arms, pairs, seeds, tuning };
}
