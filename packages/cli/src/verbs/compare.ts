/** `surge-bnn compare`: arms x seeds on one recipe, tuned or not, with paired gains. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import type { Arm, CompareEvent, CompareOptions, ComparisonTable } from '@surge-bnn/train';
import { comparisonText } from '../comparison/text.js';
import { checkResultsPlace, logFile, planFile, publishComparison } from '../comparison/publish.js';
import { addRecipeFlags, overridesOf, type RecipeFlags } from '../recipe-flags.js';
import { catchInterrupts, EXIT_INTERRUPTED } from '../terminal/interrupt.js';
import { print, processOutput, type Output, type OutputFlags } from '../terminal/output.js';
import { trainProgress, type TrainProgress } from '../terminal/progress.js';
import { collect, list, refuseOptions, seeds, type AddVerb } from '../verb.js';
import { findRecipe } from '../workspace.js';

interface CompareFlags extends RecipeFlags, OutputFlags {
  readonly binarizers?: string[];
  readonly compensators?: string[];
  readonly arm: string[];
  readonly seeds?: number[];
  readonly out?: string;
  readonly results?: string;
}

export const addCompare: AddVerb = (program, finish) => {
  const verb = program
    .command('compare')
    .description(
      'train arms (methods, compensators, any change of the recipe) with several seeds; print the gains',
    )
    .argument('<recipe|plan>', 'a recipe (path or name), or a plan: a JSON file with "arms"')
    .option(
      '--binarizers <list>',
      "names, e.g. ste,approx-sign (default: the recipe's own method)",
      list('--binarizers'),
    )
    .option(
      '--compensators <list>',
      'none, surge and the controls below (default: none,surge)',
      list('--compensators'),
    )
    .option(
      '--arm <name:key=value,..>',
      'one more arm, compared with the first, e.g. short:compensator=surge,epochs=5; may be repeated',
      collect,
      [],
    )
    .option('--seeds <list>', "e.g. 1,2,3 or 1-5 (default: 1-3, or the plan's)", seeds('--seeds'));
  addRecipeFlags(verb)
    .option('--out <folder>', 'one run folder per arm and seed goes in here (default: runs/NAME)')
    .option('--results <folder>', 'in the end, put table, plots and receipts here, to be kept')
    .option('--json', 'print the table as JSON and nothing else')
    .option('--quiet', 'print the table only')
    .addHelpText(
      'after',
      `
Runs with the same seed are a pair: the same batches and, in the same network, the same initial weights and
clipping. Gains are taken pair by pair, after the last epoch and at the best one, at equal epochs and at equal
seconds of training (both as they were when the faster one had finished). The interval is Student's t at 95 %;
give at least three seeds. Beside surge there are its controls: gain-only (the longer step without the new
direction), shared (W_a is W), frozen (W_a is never trained), copy (W_a starts as W), unscaled (W_a's gradient
without lam), fixed=0.05 (lam is this number).

Ctrl-C, a crash, a kill: the same command goes on where it stopped. Finished runs are used again. A plan can
also tune every arm, with equal budgets, on held-out training images: docs/comparing.md.

Examples:
  $ surge-bnn compare digits-small
  $ surge-bnn compare digits-small --binarizers ste,approx-sign --seeds 1-5 --epochs 6
  $ surge-bnn compare plan.json --results results/surge-digits`,
    )
    .action(async (given: string, flags: CompareFlags) => {
      finish(await compare(given, flags));
    });
};

async function compare(given: string, flags: CompareFlags): Promise<number> {
  const { checkComparison, compareRuns } = await import('@surge-bnn/train');
  const { options, plan } = await optionsOf(given, flags);
  checkComparison(options);
  const { out } = options;
  if (flags.results !== undefined) await checkResultsPlace(out, flags.results);
  const output = logged(processOutput(flags), path.join(out, logFile));
  const interrupt = catchInterrupts(() => {
    output.note('Stopping after this step; a checkpoint is being written. Ctrl-C again leaves.');
  });
  const progress = compareProgress(output);
  let table: ComparisonTable;
  try {
    table = await compareRuns({ ...options, signal: interrupt.signal }, progress.show);
  } catch (error) {
    // The comparison says that it was interrupted by an error of the user's kind.
    if (!(interrupt.signal.aborted && error instanceof InputError)) throw error;
    progress.close();
    output.note(`stopped; the same command goes on with what is in ${out}`);
    return EXIT_INTERRUPTED;
  } finally {
    progress.close();
    interrupt.release();
  }
  const { writeAtomic } = await import('@surge-bnn/train');
  await writeAtomic(path.join(out, planFile), `${JSON.stringify(plan, undefined, 2)}\n`);
  print(output, table, comparisonText);
  if (flags.results !== undefined) {
    await publishComparison(table, out, flags.results);
    output.note(`tables, plots and receipts are in ${flags.results}`);
  }
  return 0;
}

/** The comparison that file and flags describe, and a plan that says the same without them. */
async function optionsOf(
  given: string,
  flags: CompareFlags,
): Promise<{ options: CompareOptions; plan: object }> {
  const train = await import('@surge-bnn/train');
  const file = findRecipe(given);
  const json = train.parseJson(await readFile(file, 'utf8'), file);
  const isPlan = train.isPlan(json);
  if (isPlan) {
    const why = `has no place beside ${file}, a plan; change its "arms"`;
    refuseOptions(flags, ['binarizers', 'compensators', 'arm'], why);
  }
  const plan = isPlan
    ? withFlags(train.parsePlan(json, file), await overridesOf(flags), flags)
    : train.parsePlan(await planOf(json, file, flags), file);
  const find = (name: string) => train.loadRecipe(findRecipe(name));
  const options = await train.optionsOfPlan(plan, find, file);
  return { options: { ...options, out: flags.out ?? path.join('runs', plan.name) }, plan };
}

function withFlags<P extends { readonly set: object; readonly seeds: readonly number[] }>(
  plan: P,
  overrides: object,
  flags: CompareFlags,
): P {
  const set = { ...plan.set, ...overrides };
  return { ...plan, set, seeds: flags.seeds ?? plan.seeds };
}

/** A recipe and the lists of the command line as a plan. */
async function planOf(json: unknown, file: string, flags: CompareFlags): Promise<object> {
  const [{ methodName }, { applyOverrides, armsOf, checkCompensator, finalStage, parseRecipe }] =
    await Promise.all([import('@surge-bnn/core'), import('@surge-bnn/train')]);
  const { compensators = ['none', 'surge'], seeds: given = [1, 2, 3] } = flags;
  for (const name of compensators) checkCompensator(name);
  const { 'compensator.eta': eta, ...overrides } = await overridesOf(flags);
  const setsMethod = Object.keys(overrides).some((key) => /^binarizer(\.|$)/.test(key));
  if (flags.binarizers !== undefined && setsMethod) {
    throw new InputError(
      '--set binarizer has no place beside --binarizers; give settings to an arm: --arm name:binarizer={"name":..}',
    );
  }
  if ('seed' in overrides) {
    throw new InputError('--set seed has no place in a comparison, which has several; use --seeds');
  }
  let recipe = applyOverrides(parseRecipe(json, file), overrides);
  // Without --binarizers the recipe's own method, settings and all, which no arm then names.
  const binarizers = flags.binarizers ?? [methodName(finalStage(recipe).binarizer)];
  if (eta !== undefined) {
    if (compensators.every((name) => name === 'none')) {
      throw new InputError('--eta has nothing to act on: --compensators names none but "none"');
    }
    if (recipe.compensator === 'none') recipe = applyOverrides(recipe, { compensator: 'surge' });
    recipe = applyOverrides(recipe, { 'compensator.eta': eta });
  }
  for (const [what, names] of Object.entries({ binarizers, compensators })) {
    if (new Set(names).size < names.length) {
      throw new InputError(`--${what} must differ, got ${names.join(',')}`);
    }
  }
  const { arms, pairs } = armsOf(binarizers, compensators);
  const more = await Promise.all(flags.arm.map(armOf));
  return {
    name: recipe.name,
    recipe,
    seeds: given,
    arms: Object.fromEntries(
      [...(flags.binarizers === undefined ? arms.map(ofRecipe) : arms), ...more].map(
        ({ name, set }) => [name, set],
      ),
    ),
    pairs: [...pairs, ...more.map(({ name }) => [name, arms[0].name])],
  };
}

/** The arm without a method of its own. */
function ofRecipe({ name, set: { binarizer: _, ...set } }: Arm): Arm {
  return { name, set };
}

/** "short:compensator=surge,epochs=5". */
async function armOf(text: string): Promise<{ name: string; set: Record<string, unknown> }> {
  const { parseOverride } = await import('@surge-bnn/train');
  const split = text.indexOf(':');
  if (split < 1) throw new InputError(`--arm needs name:key=value,key=value, got "${text}"`);
  const set = text
    .slice(split + 1)
    .split(/,(?=[\w.]+=)/)
    .map(parseOverride);
  return { name: text.slice(0, split), set: Object.fromEntries(set) };
}

/** An output whose remarks are kept in a file, too: the log of the results. */
function logged(output: Output, file: string): Output {
  return {
    ...output,
    note: (text) => {
      mkdirSync(path.dirname(file), { recursive: true });
      appendFileSync(file, `${text}\n`);
      output.note(text);
    },
  };
}

function compareProgress(output: Output): {
  show: (event: CompareEvent) => void;
  close: () => void;
} {
  let progress: TrainProgress | undefined;
  const said = new Set<string>();
  return {
    show(event) {
      if (event.type === 'train') {
        progress?.show(event.event);
        return;
      }
      progress?.close();
      const { arm, phase, seed, index, of, reused } = event;
      const label = `[${index}/${of}] ${phase === 'tuning' ? 'tuning ' : ''}${arm}, seed ${seed}`;
      if (reused) output.note(`${label}  finished before, used again`);
      progress = trainProgress(output, label, said);
    },
    close() {
      progress?.close();
    },
  };
}
