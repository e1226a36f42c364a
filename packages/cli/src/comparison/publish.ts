/**
 * A finished comparison as a folder to keep: table, plots, and of every run what its numbers rest on, without weights. It
 * is made beside its place and put there in one move.
 */
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { makeFolder } from '@surge-bnn/data';
import { comparisonFile, type ComparisonTable } from '@surge-bnn/train';
import { comparisonPlots } from './plots.js';
import { comparisonText } from './text.js';

export const planFile = 'plan.json';
export const logFile = 'log.txt';
const receipts = ['metrics.jsonl', 'timing.jsonl', 'summary.json', 'confusion.csv'];

/**
 * @param from the comparison's folder.
 * @param to the folder to make; a former comparison in it is replaced.
 * @throws InputError when it holds something else.
 */
export async function publishComparison(
  table: ComparisonTable,
  from: string,
  to: string,
): Promise<void> {
  if (existsSync(to) && !existsSync(path.join(to, comparisonFile))) {
    throw new InputError(`${to} is there and holds no comparison; give another folder`);
  }
  const draft = `${to}.draft`;
  await rm(draft, { recursive: true, force: true });
  await makeFolder(draft);
  for (const name of [comparisonFile, planFile, logFile]) {
    await copyFile(path.join(from, name), path.join(draft, name));
  }
  for (const [name, svg] of await comparisonPlots(table)) {
    await writeFile(path.join(draft, name), `${svg}\n`);
  }
  await writeFile(path.join(draft, 'table.txt'), `${comparisonText(table)}\n`);
  for (const folder of runFolders(table)) {
    await mkdir(path.join(draft, folder), { recursive: true });
    for (const name of receipts) {
      await copyFile(path.join(from, folder, name), path.join(draft, folder, name));
    }
    await copyConfig(path.join(from, folder), path.join(draft, folder));
  }
  await rm(to, { recursive: true, force: true });
  await rename(draft, to);
}

function runFolders(table: ComparisonTable): string[] {
  const final = table.rows.flatMap(({ runs }) => runs.map(({ folder }) => folder));
  const tuning = (table.tuning?.arms ?? []).flatMap(({ arm, tried }) =>
    tried.flatMap((_, i) =>
      (table.tuning?.seeds ?? []).map((seed) => `tuning/${arm}-${i + 1}-seed${seed}`),
    ),
  );
  return [...tuning, ...final];
}

/** Without the folder of the images: that is a place on one machine. */
async function copyConfig(from: string, to: string): Promise<void> {
  const config = JSON.parse(await readFile(path.join(from, 'config.json'), 'utf8')) as {
    data: { directory?: string };
  };
  const { directory: _, ...data } = config.data;
  const text = JSON.stringify({ ...config, data }, undefined, 2);
  await writeFile(path.join(to, 'config.json'), `${text}\n`);
}
