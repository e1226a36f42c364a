/**
 * The demo: one binary network on the 10,000 digits, trained with STE and with SURGE from the same seed,
 * measured, proven to be binary, shipped as bits, and put into one report.
 */
import path from 'node:path';
import { engineText } from '@surge-bnn/contract';
import type { Recipe } from '@surge-bnn/train';
import { costOf } from '../network-cost.js';
import type { Report, ReportRun, Shipped, ShuffleProof } from '../report/model.js';
import { readRun, writeReport } from '../report/report.js';
import { duration } from '../terminal/format.js';
import type { Output } from '../terminal/output.js';
import { progressSideBySide } from '../terminal/progress.js';
import { DemoFolder, reportName } from './folder.js';
import { shuffleProof } from './proof.js';
import { trainInThread } from './train-thread.js';

/** The two runs: the recipe without its compensator, and as it stands. */
const variants = [
  { folder: 'ste', label: 'STE', compensator: 'none' },
  { folder: 'surge', label: 'SURGE', compensator: 'surge' },
] as const;

/** Above this accuracy a network with shuffled binary weights computes with something else. */
export const SHUFFLED_ACCURACY_LIMIT = 0.3;

export interface DemoOptions {
  readonly recipe: Recipe;
  readonly out: string;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** The finished report, or undefined when the signal stopped the demo (an earlier report is then still there). */
export async function runDemo(options: DemoOptions): Promise<Report | undefined> {
  const { out, output, signal } = options;
  const { applyOverrides } = await import('@surge-bnn/train');
  const folder = new DemoFolder(
    out,
    variants.map((variant) => variant.folder),
  );
  await folder.prepare();
  if (folder.hasReport) {
    output.note(`${out} holds an earlier demo; it stays until this one is complete.`);
  }
  // The runs share the cores: a thread for each, the same on every machine, and so the same bits.
  const recipe =
    options.recipe.engine.threads === undefined
      ? applyOverrides(options.recipe, { 'engine.threads': 1 })
      : options.recipe;
  const places = variants.map((variant) => path.join(folder.draft, variant.folder));
  if (!(await trainVariants(places, { ...options, recipe }))) return undefined;
  const runs: ReportRun[] = [];
  const proofs: ShuffleProof[] = [];
  for (const [i, { label, folder: name }] of variants.entries()) {
    runs.push(await readRun(places[i], label, name));
    proofs.push(await shuffleProof(places[i], label));
    if (signal.aborted) return undefined;
  }
  const shipped = await ship(places, options);
  if (shipped === undefined) return undefined;
  const report: Report = {
    title: 'A binary network, trained with STE and with SURGE',
    lead: leadOf(recipe, runs),
    runs,
    cost: await costOf(recipe),
    proofs,
    shipped,
  };
  await writeReport(report, path.join(folder.draft, reportName));
  if (signal.aborted) return undefined;
  await folder.publish();
  return report;
}

/** Packs the network trained with SURGE; undefined when the signal stopped that. */
async function ship(
  places: readonly string[],
  { output, signal }: DemoOptions,
): Promise<Shipped | undefined> {
  const { shipRun } = await import('./ship.js');
  const [, { label }] = variants;
  output.note(`${label}  packed into bits; the file is then held to the trained network elsewhere`);
  try {
    return await shipRun(places[1], { label, output, signal });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

/** Trains both, each in a thread of its own; false when the signal stopped them. */
async function trainVariants(
  places: readonly string[],
  { output, recipe, signal }: DemoOptions,
): Promise<boolean> {
  const { applyOverrides } = await import('@surge-bnn/train');
  const progress = progressSideBySide(
    output,
    variants.map(({ label }) => label.padEnd('SURGE'.length)),
  );
  // One that fails stops the other: a demo is both or none.
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const trained = variants.map(async ({ compensator }, i) => {
    const keep = compensator === 'surge' && recipe.compensator !== 'none';
    const job = { recipe: keep ? recipe : applyOverrides(recipe, { compensator }), out: places[i] };
    try {
      return await trainInThread(job, {
        signal: either,
        onEvent: (event) => {
          progress[i].show(event);
        },
      });
    } catch (error) {
      failure.abort();
      throw error;
    }
  });
  try {
    const settled = await Promise.allSettled(trained);
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const summaries = await Promise.all(trained);
    return summaries.every(({ status }) => status !== 'aborted');
  } finally {
    for (const one of progress) one.close();
  }
}

function leadOf(recipe: Recipe, runs: readonly ReportRun[]): string {
  const seconds = Math.max(...runs.map((run) => run.summary.seconds));
  const engines = [...new Set(runs.map((run) => engineText(run.summary.engine)))].join(' and ');
  return (
    `${recipe.description} Both runs start from the same weights (seed ${recipe.seed}) and see the same batches; ` +
    `trained at the same time, each on ${engines}, they took ${duration(seconds)}.`
  ).trim();
}
