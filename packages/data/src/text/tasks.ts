/**
 * GLUE's tasks: columns, labels, sizes. The order of the classes is that of Hugging Face's `glue`, so that a published head and ours mean the same.
 */
import { unknownName } from '@surge-bnn/contract';
import type { TextTask } from './types.js';

/** How a task's files are read. */
export interface TaskEntry {
  readonly title: string;
  /** Its folder, as in the published archives. */
  readonly folder: string;
  /** Names in the header; the label's column is missing in test files. */
  readonly columns: {
    readonly sentence: string;
    readonly second?: string;
    readonly label: string;
  };
  /** Columns of files without a header, which some tasks have. */
  readonly bare?: {
    readonly sentence: number;
    readonly second?: number;
    readonly label: number;
    /** How many there are; beyond `least` they say nothing about the example. */
    readonly least: number;
    readonly most: number;
  };
  /** The label as spelt in the files, in the order of the class indices; absent: scores. */
  readonly spellings?: readonly string[];
  readonly classes: readonly string[];
  /** A label that means that there is none: the example is left out. */
  readonly undecided?: string;
  readonly malformed: 'refuse' | 'leave out';
  /** Examples of each published split. */
  readonly splits: Readonly<Record<string, number>>;
}

/** STS-B's scores lie here. */
export const SCORES = { least: 0, most: 5 } as const;

const entailment = ['entailment', 'not_entailment'] as const;
const pair = { sentence: 'sentence1', second: 'sentence2' } as const;

export const textTasks: Readonly<Record<TextTask, TaskEntry>> = {
  cola: {
    title: 'CoLA',
    folder: 'CoLA',
    columns: { sentence: 'sentence', label: 'label' },
    // Source, label, the author's mark, sentence.
    bare: { sentence: 3, label: 1, least: 4, most: 4 },
    spellings: ['0', '1'],
    classes: ['unacceptable', 'acceptable'],
    malformed: 'refuse',
    splits: { train: 8551, dev: 1043, test: 1063 },
  },
  sst2: {
    title: 'SST-2',
    folder: 'SST-2',
    columns: { sentence: 'sentence', label: 'label' },
    spellings: ['0', '1'],
    classes: ['negative', 'positive'],
    malformed: 'refuse',
    splits: { train: 67_349, dev: 872, test: 1821 },
  },
  mrpc: {
    title: 'MRPC',
    folder: 'MRPC',
    columns: { sentence: '#1 String', second: '#2 String', label: 'Quality' },
    spellings: ['0', '1'],
    classes: ['not_equivalent', 'equivalent'],
    malformed: 'refuse',
    splits: { train: 3668, dev: 408, test: 1725 },
  },
  qqp: {
    title: 'QQP',
    folder: 'QQP',
    columns: { sentence: 'question1', second: 'question2', label: 'is_duplicate' },
    spellings: ['0', '1'],
    classes: ['not_duplicate', 'duplicate'],
    malformed: 'leave out',
    splits: { train: 363_846, dev: 40_430, test: 390_965 },
  },
  stsb: {
    title: 'STS-B',
    folder: 'STS-B',
    columns: { ...pair, label: 'score' },
    // The original benchmark's files: genre, file, year, index, score, two sentences, and at times their sources.
    bare: { sentence: 5, second: 6, label: 4, least: 7, most: 9 },
    classes: [],
    malformed: 'refuse',
    splits: { train: 5749, dev: 1500, test: 1379 },
  },
  mnli: {
    title: 'MNLI',
    folder: 'MNLI',
    columns: { ...pair, label: 'gold_label' },
    spellings: ['entailment', 'neutral', 'contradiction'],
    classes: ['entailment', 'neutral', 'contradiction'],
    undecided: '-',
    malformed: 'refuse',
    splits: {
      train: 392_702,
      dev_matched: 9815,
      dev_mismatched: 9832,
      test_matched: 9796,
      test_mismatched: 9847,
    },
  },
  qnli: {
    title: 'QNLI',
    folder: 'QNLI',
    columns: { sentence: 'question', second: 'sentence', label: 'label' },
    spellings: entailment,
    classes: entailment,
    malformed: 'refuse',
    splits: { train: 104_743, dev: 5463, test: 5463 },
  },
  rte: {
    title: 'RTE',
    folder: 'RTE',
    columns: { ...pair, label: 'label' },
    spellings: entailment,
    classes: entailment,
    malformed: 'refuse',
    splits: { train: 2490, dev: 277, test: 3000 },
  },
  wnli: {
    title: 'WNLI',
    folder: 'WNLI',
    columns: { ...pair, label: 'label' },
    spellings: ['0', '1'],
    classes: ['not_entailment', 'entailment'],
    malformed: 'refuse',
    splits: { train: 635, dev: 71, test: 146 },
  },
};

/** The tasks' names, in GLUE's order. */
export const textTaskNames: readonly TextTask[] = [
  'cola',
  'sst2',
  'mrpc',
  'stsb',
  'qqp',
  'mnli',
  'qnli',
  'rte',
  'wnli',
];

/** The classes of a task in the order of their indices; none of one whose labels are scores. @throws InputError with the nearest right name. */
export function textClasses(name: string): readonly string[] {
  return taskNamed(name).classes;
}

/** Whether its texts are pairs of sentences. @throws InputError with the nearest right name. */
export function textIsPairs(name: string): boolean {
  return taskNamed(name).columns.second !== undefined;
}

function taskNamed(name: string): TaskEntry {
  const task = textTaskNames.find((one) => one === name);
  if (task === undefined) throw unknownName('text task', name, textTaskNames);
  return textTasks[task];
}
