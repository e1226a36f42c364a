/** GLUE's tasks by name: what a recipe, and `surge-bnn data`, ask for. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { DirectoryOption, FetchOptions, FetchResult } from '../types.js';
import { textCatalogue } from './catalogue.js';
import { fetchTextFiles, glueFolder, isUnpacked } from './fetch.js';
import { checkTask, readTextSplit } from './read.js';
import { textTaskNames, textTasks } from './tasks.js';
import type { ReadTextOptions, TextSet, TextTask } from './types.js';

export interface OpenTextOptions extends DirectoryOption, ReadTextOptions {
  /** train, dev, test; MNLI: dev_matched, dev_mismatched, ..; or the name of another file of the task without its endings. */
  readonly split: string;
}

/** One task for `surge-bnn data list`. */
export interface TextDescription {
  readonly name: TextTask;
  readonly title: string;
  /** Examples by split, as published. */
  readonly splits: Readonly<Record<string, number>>;
  readonly classes: readonly string[];
  readonly pairs: boolean;
  /** Bytes to download. */
  readonly bytes: number;
  readonly how: string;
  readonly licence: string;
  readonly where: string;
  readonly present: boolean;
  /** Published files that are not there. */
  readonly missing: readonly string[];
}

/**
 * Opens a split of a task in `glue/<task>` of the data directory; a directory that is called glue is taken as it is.
 *
 * @throws InputError for an unknown name, a split that is not there (with the command that gets it), and as `readTextFile`.
 */
export async function openText(
  name: TextTask,
  { split, directory, malformed }: OpenTextOptions,
): Promise<TextSet> {
  const task = checkTask(name);
  const folder = path.join(glueFolder({ directory }), textTasks[task].folder);
  return readTextSplit(task, folder, split, { malformed });
}

/**
 * Downloads what is missing of a task, verifies and unpacks it.
 *
 * @throws InputError when it cannot: no network, no mirror has the file, wrong checksum, full disk, stopped by the signal.
 */
export async function fetchText(name: TextTask, options: FetchOptions = {}): Promise<FetchResult> {
  const task = checkTask(name);
  return fetchTextFiles({ ...textCatalogue[task], folder: textTasks[task].folder }, options);
}

/** The tasks with sizes, licence, place, and whether they are there: by the names of the files of their splits, or by the marks of their archives. */
export function describeText(options: DirectoryOption = {}): TextDescription[] {
  return textTaskNames.map((name) => {
    const { title, folder, splits, classes, columns } = textTasks[name];
    const { files, licence } = textCatalogue[name];
    const where = path.join(glueFolder(options), folder);
    const has = (file: string) => existsSync(path.join(where, file));
    // Files that came another way count, too: what matters is that the splits can be read.
    const bySplit = Object.keys(splits).every(
      (split) => has(`${split}.tsv`) || has(`${split}.tsv.gz`),
    );
    const missing = bySplit
      ? []
      : files
          .filter((file) => !has(file.name) || file.name.endsWith('.zip'))
          .filter((file) => !isUnpacked(where, file))
          .map((file) => file.name);
    return {
      name,
      title,
      splits,
      classes,
      pairs: columns.second !== undefined,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      how: `surge-bnn data fetch ${name}`,
      licence,
      where,
      present: missing.length === 0,
      missing,
    };
  });
}
