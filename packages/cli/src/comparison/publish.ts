/**
 * A finished comparison as a folder to keep: table, plots, and of every run what its numbers rest on, without weights. It
 * is made beside its place and put there in one move.
 */
import { copyFile, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
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
 * Before hours of training: can the results be put there? What is at `to` will be replaced.
 *
 * @param from the comparison's folder.
 * @throws InputError when `to` holds something else, or it and `from` are one folder or one lies in the other.
 */
export async function checkResultsPlace(from: string, to: string): Promise<void> {
  if (existsSync(to) && !existsSync(path.join(to, comparisonFile))) {
    throw new InputError(`${to} is there and holds no comparison; give another folder`);
  }
  const runs = await placeOf(from);
  for (const target of [await placeOf(to), await placeOf(draftOf(to))]) {
    if (isIn(runs, target) || isIn(target, runs)) {
      throw new InputError(
        `--results ${to} and the runs in ${from} are in one another's way: what is there is replaced; give a folder beside it`,
      );
    }
  }
}

/** Where the results are made, to be moved to their place. */
function draftOf(to: string): string {
  return `${path.resolve(to)}.draft`;
}

/** The absolute path without symbolic links, as far as it exists. */
async function placeOf(folder: string): Promise<string> {
  const whole = path.resolve(folder);
  const parent = path.dirname(whole);
  if (existsSync(whole) || parent === whole) return realpath(whole);
  return path.join(await placeOf(parent), path.basename(whole));
}

function isIn(inner: string, outer: string): boolean {
  const [first] = path.relative(outer, inner).split(path.sep);
  return first !== '..' && !path.isAbsolute(first);
}

/**
 * @param from the comparison's folder.
 * @param to the folder to make; a former comparison in it is replaced.
 * @throws InputError as `checkResultsPlace`.
 */
export async function publishComparison(
  table: ComparisonTable,
  from: string,
  to: string,
): Promise<void> {
  await checkResultsPlace(from, to);
  const draft = draftOf(to);
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
      // Runs of older versions do not have all of them.
      const receipt = path.join(from, folder, name);
      if (existsSync(receipt)) await copyFile(receipt, path.join(draft, folder, name));
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
