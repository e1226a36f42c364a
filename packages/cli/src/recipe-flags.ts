/** Command-line options that change a recipe, the same for `train` and `compare`. */
import { unknownName } from '@surge-bnn/contract';
import type { Recipe } from '@surge-bnn/train';
import type { Command } from 'commander';
import { collect, decimal, wholeNumber } from './verb.js';

export interface RecipeFlags {
  readonly eta?: number;
  readonly epochs?: number;
  readonly engine?: string;
  readonly threads?: number;
  readonly skipCorrupt?: boolean;
  readonly set: string[];
}

/** Adds the options to a verb. */
export function addRecipeFlags(verb: Command): Command {
  return verb
    .option('--eta <number>', 'relative weight of the second path', decimal('--eta', 0))
    .option('--epochs <n>', 'epochs of the whole run', wholeNumber('--epochs', 1))
    .option(
      '--engine <name>',
      'auto (native where it is built, else wasm), native, wasm, reference or tfjs (both slow)',
    )
    .option(
      '--threads <n>',
      'threads of the native and the wasm engine (default: one for each core); the others have one',
      wholeNumber('--threads', 1),
    )
    .option('--skip-corrupt', 'leave pictures out that cannot be decoded (of sets in files)')
    .option(
      '--set <key=value>',
      'set any key of the recipe, e.g. optimizer.learningRate=0.01',
      collect,
      [],
    );
}

/** What the flags say, as overrides of recipe keys, in the order in which they must act. */
export async function overridesOf(flags: RecipeFlags): Promise<Record<string, unknown>> {
  const { parseOverride } = await import('@surge-bnn/train');
  const pairs: [string, unknown][] = [
    ...flags.set.map((text) => parseOverride(text)),
    ['compensator.eta', flags.eta],
    ['epochs', flags.epochs],
    ['engine.backend', flags.engine],
    ['engine.threads', flags.threads],
    ['data.skipCorrupt', flags.skipCorrupt],
  ];
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

/**
 * The recipe with another compensator. 'surge' keeps the options of a recipe that has one already.
 *
 * @throws InputError for a name that is neither 'none' nor 'surge'.
 */
export async function withCompensator(recipe: Recipe, name: string | undefined): Promise<Recipe> {
  if (name === undefined) return recipe;
  if (name !== 'none' && name !== 'surge') {
    throw unknownName('compensator', name, ['none', 'surge']);
  }
  const keeps = name === 'surge' && recipe.compensator !== 'none';
  const compensator = keeps ? recipe.compensator : name;
  const { applyOverrides } = await import('@surge-bnn/train');
  return applyOverrides(recipe, { compensator }, `--compensator ${name}`);
}
