/** `surge-bnn compare`: binarizers x compensators x seeds on one recipe, with paired gains. */
import path from 'node:path';
import type { CompareEvent, ComparisonRow, ComparisonTable, PairedGain } from '@surge-bnn/train';
import { InputError } from '@surge-bnn/contract';
import { addRecipeFlags, overridesOf, type RecipeFlags } from '../recipe-flags.js';
import { duration, percent, points } from '../terminal/format.js';
import { catchInterrupts, EXIT_INTERRUPTED } from '../terminal/interrupt.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import { trainProgress, type TrainProgress } from '../terminal/progress.js';
import { formatTable } from '../terminal/table.js';
import { list, seeds, type AddVerb } from '../verb.js';
import { findRecipe } from '../workspace.js';

interface CompareFlags extends RecipeFlags, OutputFlags {
  readonly binarizers: string[];
  readonly compensators: string[];
  readonly seeds: number[];
  readonly out?: string;
}

export const addCompare: AddVerb = (program, finish) => {
  const verb = program
    .command('compare')
    .description('train every combination of binarizers, compensators and seeds; print the gains')
    .argument('<recipe>', 'a recipe (path or name)')
    .option('--binarizers <list>', 'names, e.g. ste,approx-sign', list('--binarizers'), ['ste'])
    .option('--compensators <list>', 'none, surge and the controls below', list('--compensators'), [
      'none',
      'surge',
    ])
    .option('--seeds <list>', 'e.g. 1,2,3 or 1-5', seeds('--seeds'), [1, 2, 3]);
  addRecipeFlags(verb)
    .option('--out <folder>', 'one run folder per combination goes in here (default: runs/RECIPE)')
    .option('--json', 'print the table as JSON and nothing else')
    .option('--quiet', 'print the table only')
    .addHelpText(
      'after',
      `
Pairs of runs with the same binarizer and seed share initial weights, batches and clipping, so the gain
of a compensator is taken pair by pair. Beside surge there are its controls: gain-only (the longer step
without the new direction), shared (W_a is W), frozen (W_a is never trained), copy (W_a starts as W),
unscaled (W_a's gradient without lam). The interval is Student's t at 95 %; give at least three seeds.
Finished runs of the same configuration in the folder are used again: an interrupted comparison goes on
where it stopped.

Examples:
  $ surge-bnn compare digits-small
  $ surge-bnn compare digits-small --binarizers ste,approx-sign --seeds 1-5 --epochs 6`,
    )
    .action(async (given: string, flags: CompareFlags) => {
      finish(await compare(given, flags));
    });
};

async function compare(given: string, flags: CompareFlags): Promise<number> {
  const { applyOverrides, compareRuns, loadRecipe } = await import('@surge-bnn/train');
  const output = processOutput(flags);
  const { 'compensator.eta': eta, ...overrides } = await overridesOf(flags);
  let recipe = applyOverrides(await loadRecipe(findRecipe(given)), overrides);
  if (eta !== undefined) {
    if (flags.compensators.every((name) => name === 'none')) {
      throw new InputError('--eta has nothing to act on: --compensators names none but "none"');
    }
    if (recipe.compensator === 'none') recipe = applyOverrides(recipe, { compensator: 'surge' });
    recipe = applyOverrides(recipe, { 'compensator.eta': eta });
  }
  const out = flags.out ?? path.join('runs', recipe.name);
  const interrupt = catchInterrupts(() => {
    output.note('Stopping after this step; a checkpoint is being written. Ctrl-C again leaves.');
  });
  let progress: TrainProgress | undefined;
  const said = new Set<string>();
  const show = (event: CompareEvent): void => {
    if (event.type === 'train') {
      progress?.show(event.event);
      return;
    }
    progress?.close();
    const { binarizer, compensator, seed, index, of, reused } = event;
    const label = `[${index}/${of}] ${binarizer}, ${compensator}, seed ${seed}`;
    if (reused) output.note(`${label}  finished before, used again`);
    progress = trainProgress(output, label, said);
  };
  const { binarizers, compensators } = flags;
  let table: ComparisonTable;
  try {
    const { signal } = interrupt;
    table = await compareRuns(
      { recipe, binarizers, compensators, seeds: flags.seeds, out, signal },
      show,
    );
  } catch (error) {
    // The comparison says that it was interrupted by an error of the user's kind.
    if (!(interrupt.signal.aborted && error instanceof InputError)) throw error;
    progress?.close();
    output.note(`stopped; the same command goes on with what is in ${out}`);
    return EXIT_INTERRUPTED;
  } finally {
    progress?.close();
    interrupt.release();
  }
  print(output, table, formatComparison);
  return 0;
}

/** Both tables: accuracy of every combination, and the paired gains. */
export function formatComparison(table: ComparisonTable): string {
  const spread = ({
    mean,
    deviation,
    count,
  }: {
    mean: number;
    deviation: number;
    count: number;
  }) => (count > 1 ? `${percent(mean)} ± ${(100 * deviation).toFixed(2)}` : percent(mean));
  const accuracies = formatTable<ComparisonRow>(
    [
      { title: 'binarizer', value: (row) => row.binarizer, align: 'left' },
      { title: 'compensator', value: (row) => row.compensator, align: 'left' },
      { title: 'last', value: (row) => spread(row.last) },
      { title: 'best', value: (row) => spread(row.best) },
      { title: 'time per run', value: (row) => duration(row.seconds.mean) },
      { title: 'runs', value: (row) => String(row.runs.length) },
    ],
    table.rows,
  );
  const title = table.rows[0]?.runs[0]?.summary.dataTitle;
  const on = title === undefined ? '' : ` on ${title}`;
  const heading = `${table.recipe}, seeds ${table.seeds.join(', ')}: accuracy${on}, mean ± standard deviation`;
  if (table.gains.length === 0) return `${heading}\n\n${accuracies}`;
  const gains = formatTable<PairedGain>(
    [
      { title: 'binarizer', value: (gain) => gain.binarizer, align: 'left' },
      { title: 'compensator', value: (gain) => gain.compensator, align: 'left' },
      { title: 'measure', value: (gain) => gain.measure, align: 'left' },
      { title: 'gain', value: (gain) => points(gain.mean) },
      { title: '95 % interval', value: interval },
      { title: 'by seed', value: (gain) => gain.gains.map((g) => points(g.gain)).join(' ') },
    ],
    table.gains,
  );
  return `${heading}\n\n${accuracies}\n\npaired gain over "none", in points of accuracy\n\n${gains}`;
}

function interval({ interval }: PairedGain): string {
  return interval ? `${points(interval[0])} .. ${points(interval[1])}` : 'needs two seeds';
}
