/**
 * The demo: one binary network on the 10,000 digits, trained with STE and with SURGE from the same seed,
 * measured, proven to be binary, and put into one report.
 */
import path from 'node:path';
import type { Recipe } from '@surge-bnn/train';
import { costOf } from '../network-cost.js';
import type { Report, ReportRun, ShuffleProof } from '../report/model.js';
import { readRun, writeReport } from '../report/report.js';
import { duration } from '../terminal/format.js';
import type { Output } from '../terminal/output.js';
import { trainProgress } from '../terminal/progress.js';
import { DemoFolder, reportName } from './folder.js';
import { shuffleProof } from './proof.js';

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
  const { out, output, recipe, signal } = options;
  const folder = new DemoFolder(
    out,
    variants.map((variant) => variant.folder),
  );
  await folder.prepare();
  if (folder.hasReport) {
    output.note(`${out} holds an earlier demo; it stays until this one is complete.`);
  }
  const runs: ReportRun[] = [];
  const proofs: ShuffleProof[] = [];
  for (const variant of variants) {
    const place = path.join(folder.draft, variant.folder);
    if (!(await trainVariant(variant, place, options))) return undefined;
    const run = await readRun(place, variant.label, variant.folder);
    runs.push(run);
    proofs.push(await shuffleProof(place, variant.label));
    if (signal.aborted) return undefined;
  }
  const report: Report = {
    title: 'A binary network, trained with STE and with SURGE',
    lead: leadOf(recipe, runs),
    runs,
    cost: await costOf(recipe),
    proofs,
  };
  await writeReport(report, path.join(folder.draft, reportName));
  await folder.publish();
  return report;
}

/** Trains one of the two; false when the signal stopped it. */
async function trainVariant(
  { label, compensator }: (typeof variants)[number],
  out: string,
  { output, recipe, signal }: DemoOptions,
): Promise<boolean> {
  const { applyOverrides, runTraining } = await import('@surge-bnn/train');
  const keep = compensator === 'surge' && recipe.compensator !== 'none';
  const progress = trainProgress(output, label.padEnd('SURGE'.length));
  try {
    const summary = await runTraining(keep ? recipe : applyOverrides(recipe, { compensator }), {
      out,
      signal,
      onEvent: (event) => {
        progress.show(event);
      },
    });
    return summary.status !== 'aborted';
  } finally {
    progress.close();
  }
}

function leadOf(recipe: Recipe, runs: readonly ReportRun[]): string {
  const seconds = runs.reduce((sum, run) => sum + run.summary.seconds, 0);
  return (
    `${recipe.description} Both runs start from the same weights (seed ${recipe.seed}) and see the same batches; ` +
    `together they took ${duration(seconds)}.`
  ).trim();
}
