/** Reports from run folders to a file: collect, render, and put in place in one move. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import type { Report, ReportRun } from './model.js';
import { reportPage } from './page.js';

/**
 * Reads a finished or stopped run.
 *
 * @param folder the run folder.
 * @param label the run's name in the report.
 * @param link the folder as seen from the report; default: its last part.
 * @throws InputError when a file of the run is missing or broken.
 */
export async function readRun(
  folder: string,
  label: string,
  link = path.basename(folder),
): Promise<ReportRun> {
  const { loadRecipe, readMetrics, readSummary } = await import('@surge-bnn/train');
  const [recipe, summary, epochs] = await Promise.all([
    loadRecipe(path.join(folder, 'config.json')),
    readSummary(folder),
    readMetrics(folder),
  ]);
  if (summary === undefined) {
    throw new InputError(`${folder} has no readable summary.json: the run was not closed yet`);
  }
  return { label, folder: link.split(path.sep).join('/'), recipe, summary, epochs };
}

/** Writes the page beside its goal and renames it: a reader sees the old report or the new one, no half. */
export async function writeReport(report: Report, file: string): Promise<void> {
  const page = await reportPage(report);
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.draft`;
  await writeFile(draft, page);
  await rename(draft, file);
}
