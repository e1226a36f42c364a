/** The arms of a comparison: the controls by name, and the recipe of one run. */
import { InputError, unknownName } from '@surge-bnn/contract';
import { applyOverrides } from '../recipe/recipe.js';
import type { Recipe, SurgeSpec } from '../recipe/schema.js';
import type { Arm } from './types.js';

/**
 * What a compensator's name changes in the recipe's own options. The controls are METHOD.md's. Each names the form and
 * the start that it stands for: on a recipe with another form it would be no control, or none that runs.
 */
export const compensators: Readonly<Record<string, Partial<SurgeSpec>>> = {
  surge: {},
  'gain-only': { gainOnly: true },
  shared: { auxiliary: 'shared', initial: 'random' },
  frozen: { auxiliary: 'frozen', initial: 'random' },
  copy: { auxiliary: 'full', initial: 'copy' },
  unscaled: { auxiliary: 'full', scaleAuxiliaryGradient: false },
};

/** A lam that is a number and not AGS's: fixed=0.05. */
const fixedLambda = /^fixed=(.+)$/;

/** @throws InputError for a name that is no compensator. */
export function checkCompensator(name: string): void {
  const match = fixedLambda.exec(name);
  const value = Number(match?.[1]);
  if (match !== null && !(Number.isFinite(value) && value >= 0)) {
    throw new InputError(`compensator "${name}": lam must be a number >= 0, as in fixed=0.05`);
  }
  const allowed = ['none', ...Object.keys(compensators)];
  if (match === null && !allowed.includes(name)) {
    throw unknownName('compensator', name, [...allowed, 'fixed=LAMBDA']);
  }
}

/** @throws InputError for a seed among recipe values: the comparison's own would overwrite it. */
export function refuseSeed(set: Arm['set'], where: string): void {
  if (!('seed' in set)) return;
  throw new InputError(
    `${where}: seed has no place among the values of a comparison, which trains with each of its own seeds; use "seeds"`,
  );
}

/**
 * The recipe of one run: the arm's compensator, by name or by its options, then the arm's other values, then the seed.
 *
 * @throws InputError for values that the recipe does not take, naming the arm.
 */
export function armRecipe(recipe: Recipe, arm: Arm, seed: number): Recipe {
  const { compensator, ...set } = arm.set;
  const where = `arm "${arm.name}"`;
  refuseSeed(arm.set, where);
  let made = recipe;
  if (compensator !== undefined) {
    const options = typeof compensator === 'string' ? named(recipe, compensator) : compensator;
    made = applyOverrides(made, { compensator: options }, where);
  }
  return applyOverrides(made, { ...set, seed }, where);
}

/** The recipe's own options, changed as the name says. */
function named({ compensator }: Recipe, name: string): unknown {
  checkCompensator(name);
  if (name === 'none') return 'none';
  const base = compensator === 'none' ? {} : compensator;
  const fixed = fixedLambda.exec(name);
  if (fixed === null) return { ...base, ...compensators[name] };
  const { eta: _, ...rest } = base as Partial<SurgeSpec>;
  return { ...rest, lambda: { fixed: Number(fixed[1]) } };
}

/** Every method with every compensator, and which is compared with which: each with the same method's "none". */
export function armsOf(
  binarizers: readonly string[],
  names: readonly string[],
): { readonly arms: Arm[]; readonly pairs: [string, string][] } {
  const arms = binarizers.flatMap((binarizer) =>
    names.map((compensator) => ({
      name: `${binarizer}-${compensator}`,
      set: { binarizer, compensator },
    })),
  );
  const pairs = binarizers.flatMap((binarizer) =>
    names
      .filter((name) => name !== 'none' && names.includes('none'))
      .map((name): [string, string] => [`${binarizer}-${name}`, `${binarizer}-none`]),
  );
  return { arms, pairs };
}
