/** Looks GLUE files over: reads each, and tells counts, labels, lengths, and what is wrong. Changes nothing. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { readTextFile, splitOf } from './read.js';
import { textTaskNames, textTasks } from './tasks.js';
import type { TextSet, TextTask } from './types.js';

/** What was found in one file. */
export interface CheckedText {
  readonly task: TextTask;
  readonly split: string;
  readonly file: string;
  readonly count: number;
  readonly pairs: boolean;
  /** Examples by class; empty without labels and for scores. */
  readonly classes: readonly { readonly name: string; readonly count: number }[];
  /** Of scores: their mean. */
  readonly mean?: number;
  /** UTF-16 units of the longest example, both sentences together. */
  readonly longest: number;
  readonly remarks: readonly string[];
}

export interface CheckedTexts {
  readonly where: string;
  readonly files: readonly CheckedText[];
  /** What keeps a file from being used, in sentences. */
  readonly problems: readonly string[];
}

interface Found {
  readonly task: TextTask;
  readonly file: string;
}

/** MRPC's list of its development pairs has no examples. */
const isExamples = (name: string) =>
  /\.(tsv|txt)(\.gz)?$/.test(name) && !/dev_ids|LICEN[CS]E|README/i.test(name);

/** Are there GLUE files: in a folder of tasks, the folder of one, or a file in the folder of one? */
export async function holdsText(where: string): Promise<boolean> {
  return (await findFiles(where)).length > 0;
}

/**
 * Checks all files of the tasks under `where`.
 *
 * @throws InputError when there are none; the signal's reason when it is aborted.
 */
export async function checkText(
  where: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<CheckedTexts> {
  const found = await findFiles(where);
  if (found.length === 0) {
    const folders = textTaskNames.map((name) => textTasks[name].folder).join(', ');
    throw new InputError(
      `${where} holds no texts of GLUE: it must be a folder with folders ${folders}, one of these, or a file in one`,
    );
  }
  const files: CheckedText[] = [];
  const problems: string[] = [];
  for (const { task, file } of found) {
    signal?.throwIfAborted();
    try {
      files.push(describe(await readTextFile(task, file)));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error.message);
    }
  }
  return { where, files, problems };
}

function describe({
  task,
  split,
  file,
  count,
  pairs,
  classes,
  examples,
  labelled,
  remarks,
}: TextSet): CheckedText {
  const counts = new Array<number>(classes.length).fill(0);
  let [sum, longest] = [0, 0];
  for (const { sentence, second = '', label = 0 } of examples) {
    if (classes.length > 0) counts[label]++;
    else sum += label;
    longest = Math.max(longest, sentence.length + second.length);
  }
  const isScores = labelled && classes.length === 0;
  return {
    task,
    split,
    file,
    count,
    pairs,
    classes: labelled ? classes.map((name, i) => ({ name, count: counts[i] })) : [],
    ...(isScores ? { mean: sum / count } : {}),
    longest,
    remarks,
  };
}

async function findFiles(where: string): Promise<Found[]> {
  const facts = await stat(where).catch(() => undefined);
  if (facts === undefined) return [];
  const at = path.resolve(where);
  if (facts.isFile()) {
    const task = taskOf(path.dirname(at));
    return task !== undefined && isExamples(path.basename(at)) ? [{ task, file: where }] : [];
  }
  const own = taskOf(at);
  if (own !== undefined) return filesOf(own, where);
  const all: Found[] = [];
  for (const task of textTaskNames) {
    all.push(...(await filesOf(task, path.join(where, textTasks[task].folder))));
  }
  return all;
}

function taskOf(folder: string): TextTask | undefined {
  return textTaskNames.find((name) => textTasks[name].folder === path.basename(folder));
}

async function filesOf(task: TextTask, folder: string): Promise<Found[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter(isExamples)
    .sort((a, b) => splitOf(a).localeCompare(splitOf(b), 'en'))
    .map((name) => ({ task, file: path.join(folder, name) }));
}
