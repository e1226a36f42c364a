/**
 * Rows of a GLUE file to examples: which column is what, how a label is spelt, and what is done with a row that has too many cells or too few.
 */
import { InputError } from '@surge-bnn/contract';
import { SCORES, type TaskEntry } from './tasks.js';
import type { TsvFile, TsvLine } from './tsv.js';
import type { TextExample } from './types.js';

/** Where the parts of an example stand in a row. */
export interface Columns {
  readonly sentence: number;
  readonly second: number | undefined;
  readonly label: number | undefined;
  readonly least: number;
  readonly most: number;
  /** Is the first line a header? */
  readonly header: boolean;
}

export interface Rows {
  readonly examples: readonly TextExample[];
  readonly remarks: readonly string[];
}

/**
 * Reads the header, or knows that there is none.
 *
 * @throws InputError when columns of the task are missing.
 */
export function findColumns({ lines }: TsvFile, task: TaskEntry, file: string): Columns {
  if (lines.length === 0) throw new InputError(`${file} is empty`);
  const [{ line, cells }] = lines;
  const { columns, bare } = task;
  const at = (name: string) => {
    const index = cells.indexOf(name);
    return index < 0 ? undefined : index;
  };
  const sentence = at(columns.sentence);
  const second = columns.second === undefined ? undefined : at(columns.second);
  if (sentence === undefined || (columns.second !== undefined && second === undefined)) {
    // One sentence a row may have tabs, already in the first one.
    const most = bare?.second === undefined ? Infinity : bare.most;
    if (bare !== undefined && cells.length >= bare.least && cells.length <= most) {
      return { ...bare, second: bare.second, header: false };
    }
    const needed = [columns.sentence, columns.second].filter((name) => name !== undefined);
    throw new InputError(
      `${file}, line ${line}: this is no header of ${task.title}: it needs the columns ${needed.join(', ')}${bare === undefined ? '' : ` (or, without a header, ${numbers(bare)} columns)`}, and has ${cells.join(', ').slice(0, 200)}`,
    );
  }
  const label = at(columns.label);
  return { sentence, second, label, least: cells.length, most: cells.length, header: true };
}

/** All examples of a file; `malformed` as in `ReadTextOptions`. */
export function readRows(
  tsv: TsvFile,
  task: TaskEntry,
  file: string,
  malformed: 'refuse' | 'leave out',
): Rows {
  const columns = findColumns(tsv, task, file);
  const rows = columns.header ? tsv.lines.slice(1) : tsv.lines;
  const examples: TextExample[] = [];
  const found = { malformed: [] as number[], undecided: 0, tabs: 0, blank: 0 };
  rows.forEach((row, i) => {
    const where = `${file}, line ${row.line}`;
    const isCut = i === rows.length - 1 && !tsv.ended && row.cells.length < columns.least;
    if (isCut) throw new InputError(`${where}: the file is cut off in the middle of this row`);
    const cells = wholeRow(row, columns);
    if (cells === undefined) {
      if (malformed === 'refuse') throw malformedRow(where, row, columns);
      found.malformed.push(row.line);
      return;
    }
    const sentence = cells[columns.sentence];
    const second = columns.second === undefined ? undefined : cells[columns.second];
    const spelt = columns.label === undefined ? undefined : cells[columns.label];
    if (spelt !== undefined && spelt === task.undecided) {
      found.undecided++;
      return;
    }
    if (sentence.trim() === '' || second?.trim() === '') found.blank++;
    if (cells !== row.cells) found.tabs++;
    examples.push({
      sentence,
      ...(second === undefined ? {} : { second }),
      ...(spelt === undefined ? {} : { label: readLabel(spelt, task, where) }),
    });
  });
  return { examples, remarks: remarksOf(found, tsv.empty, task) };
}

/** The cells, one for each column; undefined for a row that cannot be cut into them for certain. */
function wholeRow({ cells }: TsvLine, columns: Columns): readonly string[] | undefined {
  const { sentence, second, least, most } = columns;
  if (cells.length >= least && cells.length <= most) return cells;
  // With one sentence a row, a tab too many can only be the sentence's.
  if (cells.length < least || second !== undefined) return undefined;
  const surplus = cells.length - most;
  return [
    ...cells.slice(0, sentence),
    cells.slice(sentence, sentence + surplus + 1).join('\t'),
    ...cells.slice(sentence + surplus + 1),
  ];
}

function malformedRow(where: string, { cells }: TsvLine, { least, most }: Columns): InputError {
  const reason =
    cells.length > most
      ? 'a tab inside one of the two sentences? It cannot be told which'
      : 'a row broken in two, or another file';
  return new InputError(
    `${where}: ${cells.length} column(s) where there must be ${numbers({ least, most })} (${reason}); mend it, or leave such rows out`,
  );
}

function numbers({ least, most }: { readonly least: number; readonly most: number }): string {
  return least === most ? String(least) : `${least} to ${most}`;
}

function readLabel(spelt: string, { spellings, title }: TaskEntry, where: string): number {
  if (spelt.trim() === '') throw new InputError(`${where}: the label is missing`);
  if (spellings === undefined) {
    const score = Number(spelt);
    if (!/^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(spelt) || !Number.isFinite(score)) {
      throw new InputError(`${where}: the score "${spelt}" is not a number`);
    }
    if (score < SCORES.least || score > SCORES.most) {
      throw new InputError(
        `${where}: the score ${spelt} is out of range; ${title}'s are ${SCORES.least} to ${SCORES.most}`,
      );
    }
    return score;
  }
  const label = spellings.indexOf(spelt.trim());
  if (label < 0) {
    throw new InputError(
      `${where}: unknown label "${spelt}" of ${title}; allowed: ${spellings.join(', ')}`,
    );
  }
  return label;
}

function remarksOf(
  found: {
    readonly malformed: readonly number[];
    readonly undecided: number;
    readonly tabs: number;
    readonly blank: number;
  },
  empty: number,
  { undecided }: TaskEntry,
): string[] {
  const { malformed } = found;
  const some = malformed.slice(0, 5).join(', ');
  return [
    ...(malformed.length > 0
      ? [
          `${malformed.length} row(s) with a wrong number of columns left out: line ${some}${malformed.length > 5 ? ', ..' : ''}`,
        ]
      : []),
    ...(found.undecided > 0
      ? [`${found.undecided} example(s) left out whose label is "${undecided ?? ''}"`]
      : []),
    ...(found.tabs > 0 ? [`${found.tabs} sentence(s) with tabs in them`] : []),
    ...(found.blank > 0 ? [`${found.blank} example(s) with an empty sentence`] : []),
    ...(empty > 0 ? [`${empty} empty line(s) passed over`] : []),
  ];
}
