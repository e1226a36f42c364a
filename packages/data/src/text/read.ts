/** Reads a file of a GLUE task, plain or gzip. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InputError, unknownName } from '@surge-bnn/contract';
import { readUnpacked } from '../checked-file.js';
import { readRows, type Rows } from './rows.js';
import { textTaskNames, textTasks } from './tasks.js';
import { makeTextSet } from './text-set.js';
import { readTsv } from './tsv.js';
import type { ReadTextOptions, TextSet, TextTask } from './types.js';

/** Splits whose files bear names of their own: labelled test sets from the tasks' origins. */
const ORIGINAL: Partial<Record<TextTask, Readonly<Record<string, string>>>> = {
  mrpc: { 'test-labelled': 'msr_paraphrase_test.txt' },
  stsb: { 'test-labelled': 'sts-test.tsv' },
};

/** MRPC as its authors publish it: the corpus, and which pairs of it are GLUE's development set. */
const CORPUS = 'msr_paraphrase_train.txt';
const CORPUS_IDS = ['mrpc_dev_ids.tsv', 'dev_ids.tsv'];

const advice = 'see docs/data.md for the files of GLUE';

/**
 * Reads one file.
 *
 * @throws InputError that names file and line: another task's header, a wrong number of columns, an unknown or missing label, a score
 * that is no number or outside of 0 to 5, a file that is missing, empty, cut off, broken gzip or not in UTF-8.
 */
export async function readTextFile(
  task: TextTask,
  file: string,
  options: ReadTextOptions = {},
): Promise<TextSet> {
  return readNamed(checkTask(task), file, splitOf(file), options);
}

async function readNamed(
  task: TextTask,
  file: string,
  split: string,
  options: ReadTextOptions,
): Promise<TextSet> {
  const { content } = await readUnpacked(file, advice);
  const how = howMalformed(task, options);
  return makeSet(task, split, file, readRows(readTsv(content, file), textTasks[task], file, how));
}

/**
 * Reads a split from the folder of its task: the file `<split>.tsv`, plain or gzip. `test-labelled` is also MRPC's msr_paraphrase_test.txt and
 * STS-B's sts-test.tsv. Where MRPC's train.tsv or dev.tsv is not there they are made of the corpus and GLUE's list of ids, as GLUE's own script does.
 *
 * @throws InputError as `readTextFile`, and for a split that is not there.
 */
export async function readTextSplit(
  task: TextTask,
  folder: string,
  split: string,
  options: ReadTextOptions = {},
): Promise<TextSet> {
  const known = checkTask(task);
  const names = [`${split}.tsv`];
  const original = ORIGINAL[known]?.[split];
  if (original !== undefined) names.push(original);
  const file = findText(folder, ...names);
  if (file !== undefined) return readNamed(known, file, split, options);
  if (known === 'mrpc' && (split === 'train' || split === 'dev')) {
    const [corpus, ids] = [findText(folder, CORPUS), findText(folder, ...CORPUS_IDS)];
    if (corpus !== undefined && ids !== undefined) return fromCorpus(corpus, ids, split, options);
  }
  throw new InputError(
    `${textTasks[known].title} has no split "${split}" in ${folder}: no ${names.join(', ')} (or the same with .gz); to fetch the task: surge-bnn data fetch ${known}`,
  );
}

/** The file of one of these names in `folder`, plain or packed; undefined when there is none. */
export function findText(folder: string, ...names: readonly string[]): string | undefined {
  return names
    .flatMap((name) => [path.join(folder, name), path.join(folder, `${name}.gz`)])
    .find((file) => existsSync(file));
}

/** The name of a file without its endings. */
export function splitOf(file: string): string {
  return path
    .basename(file)
    .replace(/\.gz$/, '')
    .replace(/\.(tsv|txt)$/, '');
}

async function fromCorpus(
  corpus: string,
  idsFile: string,
  split: 'train' | 'dev',
  options: ReadTextOptions,
): Promise<TextSet> {
  const ids = readTsv((await readUnpacked(idsFile, advice)).content, idsFile);
  const inDev = new Set(ids.lines.map(({ cells }) => cells.join('\t')));
  const { content } = await readUnpacked(corpus, advice);
  const tsv = readTsv(content, corpus);
  const [header] = tsv.lines;
  const at = ['#1 ID', '#2 ID'].map((name) => header?.cells.indexOf(name) ?? -1);
  if (at.includes(-1)) throw new InputError(`${corpus}, line 1: no header of MRPC`);
  const isWanted = ({ cells }: { readonly cells: readonly string[] }) =>
    inDev.has(at.map((column) => cells[column]).join('\t')) === (split === 'dev');
  const lines = tsv.lines.filter((row, i) => i === 0 || isWanted(row));
  const part = readRows({ ...tsv, lines }, textTasks.mrpc, corpus, howMalformed('mrpc', options));
  return makeSet('mrpc', split, corpus, part);
}

function makeSet(
  task: TextTask,
  split: string,
  file: string,
  { examples, remarks }: Rows,
): TextSet {
  const { title, splits, classes, columns } = textTasks[task];
  const published = Object.hasOwn(splits, split) ? splits[split] : undefined;
  const differs = published !== undefined && published !== examples.length;
  const isOwn = published === undefined;
  return makeTextSet({
    task,
    title: `${title} (GLUE), ${split}`,
    split,
    file,
    classes,
    pairs: columns.second !== undefined,
    examples,
    origin: `GLUE, Wang et al. 2019; ${path.basename(file)}${isOwn ? ', which is no split of GLUE' : ''}`,
    remarks: [
      ...(differs
        ? [
            `${examples.length} examples where GLUE's ${split} has ${published}: a part of it, or cut off`,
          ]
        : []),
      ...remarks,
    ],
  });
}

function howMalformed(task: TextTask, { malformed }: ReadTextOptions): 'refuse' | 'leave out' {
  const how = malformed ?? textTasks[task].malformed;
  if (how !== 'refuse' && how !== 'leave out') {
    throw unknownName('way with malformed rows', String(how), ['refuse', 'leave out']);
  }
  return how;
}

/** Names come from recipes and command lines, whatever the types say. */
export function checkTask(name: string): TextTask {
  const known = textTaskNames.find((candidate) => candidate === name);
  if (known === undefined) throw unknownName('text task', name, textTaskNames);
  return known;
}
