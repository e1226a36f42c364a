/** `surge-bnn train`: one run, its progress, and how to go on with it. */
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import type { Recipe, RunSummary } from '@surge-bnn/train';
import { evaluatedImages } from '../evaluated-images.js';
import { isFolder, loadRecipeOrRun } from '../network-cost.js';
import { addRecipeFlags, overridesOf, withCompensator, type RecipeFlags } from '../recipe-flags.js';
import { readRun, writeReport } from '../report/report.js';
import { measureOf } from '../measure.js';
import { duration, percent } from '../terminal/format.js';
import { catchInterrupts, EXIT_INTERRUPTED } from '../terminal/interrupt.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import { trainProgress } from '../terminal/progress.js';
import { wholeNumber, type AddVerb } from '../verb.js';

interface TrainFlags extends RecipeFlags, OutputFlags {
  readonly binarizer?: string;
  readonly compensator?: string;
  readonly seed?: number;
  readonly stopAfter?: number;
  readonly out?: string;
  readonly resume?: boolean;
  readonly force?: boolean;
}

export const addTrain: AddVerb = (program, finish) => {
  const verb = program
    .command('train')
    .description('train one network; the run folder gets metrics, checkpoint, summary and report')
    .argument('<recipe>', 'a recipe (path or name); with --resume also a run folder')
    .option('--binarizer <name>', 'a method of `surge-bnn methods`')
    .option('--compensator <name>', 'none (plain) or surge')
    .option('--seed <n>', 'seed of weights, order and augmentation', wholeNumber('--seed', 0));
  addRecipeFlags(verb)
    .option(
      '--stop-after <n>',
      'stop after epoch n, as Ctrl-C would',
      wholeNumber('--stop-after', 1),
    )
    .option('--out <folder>', 'the run folder (default: runs/RECIPE/BINARIZER-COMPENSATOR-seedN)')
    .option('--resume', 'go on from the last checkpoint of the run folder')
    .option('--force', 'replace the run that is in the folder')
    .option('--json', 'print the summary as JSON and nothing else')
    .option('--quiet', 'print the result only')
    .addHelpText(
      'after',
      `
Ctrl-C stops after the current step and writes a checkpoint; --resume goes on from there, and the result
is bit for bit that of a run that was never stopped. Training computes in float32 (SURGE adds a second
backward pass); only the network that comes out of it is binary.

A run folder holds config.json (the complete recipe), metrics.jsonl (one line per epoch), confusion.csv,
events for TensorBoard, summary.json, checkpoint/ and report.html. Stages, teachers and averaged weights are
keys of the recipe: recipes/README.md and docs/training.md have them.

Examples:
  $ surge-bnn train digits-small
  $ surge-bnn train digits-small --compensator surge --eta 0.3 --seed 2
  $ surge-bnn train recipes/mnist.json --set optimizer.learningRate=0.005 --set batchSize=64
  $ surge-bnn train digits-small --epochs 4 --stop-after 2 --out runs/a
  $ surge-bnn train runs/a --resume`,
    )
    .action(async (given: string, flags: TrainFlags) => {
      finish(await train(given, flags));
    });
};

async function train(given: string, flags: TrainFlags): Promise<number> {
  const output = processOutput(flags);
  const recipe = await recipeOf(given, flags);
  const out = flags.out ?? (isFolder(given) ? given : await defaultFolder(recipe));
  const interrupt = catchInterrupts(() => {
    output.note(
      'Stopping after this step; a checkpoint is being written. Ctrl-C again leaves without it.',
    );
  });
  const progress = trainProgress(output);
  let summary: RunSummary;
  try {
    const { runTraining } = await import('@surge-bnn/train');
    summary = await runTraining(recipe, {
      out,
      resume: flags.resume,
      force: flags.force,
      stopAfter: flags.stopAfter,
      signal: interrupt.signal,
      onEvent: (event) => {
        progress.show(event);
      },
    });
  } finally {
    progress.close();
    interrupt.release();
  }
  await writeRunReport(out, summary);
  const next = await nextCommand(recipe, summary, out);
  print(output, summary, (s) => `${formatSummary(s, out)}\n${next}`);
  return summary.status === 'aborted' ? EXIT_INTERRUPTED : 0;
}

async function recipeOf(given: string, flags: TrainFlags): Promise<Recipe> {
  if (isFolder(given) && !flags.resume) {
    throw new InputError(
      `${given} is a folder; give a recipe, or add --resume to go on with the run in it`,
    );
  }
  const { applyOverrides } = await import('@surge-bnn/train');
  const recipe = await withCompensator(await loadRecipeOrRun(given), flags.compensator);
  const set = await overridesOf(flags);
  const named = { binarizer: flags.binarizer, seed: flags.seed };
  const chosen = Object.entries(named).filter(([, value]) => value !== undefined);
  for (const [key] of chosen) {
    if (key in set) throw new InputError(`--${key} and --set ${key} say the same; leave one out`);
  }
  // The method before its settings, which --set binarizer.NAME gives.
  const overrides = { ...Object.fromEntries(chosen), ...set };
  return applyOverrides(recipe, overrides, 'the recipe with your options');
}

async function defaultFolder(recipe: Recipe): Promise<string> {
  const [{ methodName }, { finalStage }] = await Promise.all([
    import('@surge-bnn/core'),
    import('@surge-bnn/train'),
  ]);
  const { binarizer, compensator } = finalStage(recipe);
  const second = compensator === 'none' ? 'none' : 'surge';
  const run = `${methodName(binarizer)}-${second}-seed${recipe.seed}`;
  return path.join('runs', recipe.name, run);
}

/** report.html of the run folder; a run stopped before its first epoch has nothing to show. */
async function writeRunReport(out: string, summary: RunSummary): Promise<void> {
  if (summary.epochsDone === 0) return;
  const name = summary.compensator === 'surge' ? 'SURGE' : 'no compensator';
  const run = await readRun(out, `${summary.binarizer}, ${name}`, '.');
  const title = `${summary.name}: ${summary.binarizer}, ${name}`;
  const lead = run.recipe.description;
  await writeReport({ title, lead, runs: [run] }, path.join(out, 'report.html'));
}

function formatSummary(summary: RunSummary, out: string): string {
  const { last, best, averaged, stages } = summary;
  const measure = measureOf(summary);
  const lines = [
    `${summary.name}: ${summary.epochsDone} of ${summary.epochs} epochs in ${duration(summary.seconds)}`,
  ];
  for (const stage of stages?.slice(0, -1) ?? []) {
    lines.push(`${stage.name}: ${lastAndBest(measure, stage)}`);
  }
  if (last && best) {
    lines.push(`${lastAndBest(measure, { last, best })}, on ${evaluatedImages(summary)}`);
    if (last.top5 !== undefined) {
      lines.push(
        `top-5 ${percent(last.top5)} after the last epoch, ${percent(best.top5)} in that of the best`,
      );
    }
  }
  if (averaged) lines.push(lastAndBest(`averaged weights: ${measure}`, averaged));
  lines.push(`results in ${out}`);
  return lines.join('\n');
}

/** What is pre-trained only says nothing of a text, and is not shipped. */
async function nextCommand(recipe: Recipe, summary: RunSummary, out: string): Promise<string> {
  if (summary.status !== 'finished') return `go on with: surge-bnn train ${out} --resume`;
  const { pretrainingOf } = await import('@surge-bnn/train');
  return recipe.language !== undefined && pretrainingOf(recipe.language) !== undefined
    ? `begin a task with it: surge-bnn train RECIPE --set language.start=${out}`
    : `ship it with: surge-bnn convert ${out}`;
}

function lastAndBest(what: string, { last, best }: Pick<RunSummary, 'last' | 'best'>): string {
  if (last === undefined || best === undefined) return 'not evaluated';
  return `${what} ${percent(last.accuracy)} after the last epoch, ${percent(best.accuracy)} at best (epoch ${best.epoch})`;
}
