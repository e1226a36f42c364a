/**
 * GLUE's metrics by task, and its average as the papers on binary BERT take it. This stands in the room that judges predictions: the data know nothing of what they
 * are for, and the networks nothing of how they are judged.
 */
import { InputError, unknownName } from '@surge-bnn/contract';
import type { TextTask } from '@surge-bnn/data';
import { accuracy, checkFinite, f1, matthews } from './agreement.js';
import { isConstant, pearson, spearman } from './correlation.js';

/** Every value in -1 .. 1; the papers print 100 times it. */
export interface GlueScores {
  readonly task: TextTask;
  readonly count: number;
  /** Of all tasks on classes. */
  readonly accuracy?: number;
  /** Of MRPC and QQP: class 1 is the paraphrase. */
  readonly f1?: number;
  /** Of CoLA. */
  readonly matthews?: number;
  /** Of STS-B, as the next. */
  readonly pearson?: number;
  readonly spearman?: number;
  /**
   * The number in the papers' tables (BinaryBERT, BiBERT, BiT): Matthews for CoLA, the mean of Pearson and Spearman for STS-B, accuracy for the others, MRPC
   * and QQP, too.
   */
  readonly main: number;
  /** All predictions are the same: a network that learned nothing, or collapsed. Correlations are 0 then. */
  readonly constant: boolean;
}

const onClasses: readonly TextTask[] = [
  'cola',
  'sst2',
  'mrpc',
  'qqp',
  'mnli',
  'qnli',
  'rte',
  'wnli',
];

/**
 * The scores of a task.
 *
 * @param predicted class indices; for STS-B scores (of any range: correlations do not change with it).
 * @throws InputError for an unknown task, different lengths, none at all, and numbers that are not finite.
 */
export function glueScores(
  task: TextTask,
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
): GlueScores {
  const facts = { task, count: labels.length, constant: isConstant(predicted) };
  if (task === 'stsb') {
    const both = { pearson: pearson(predicted, labels), spearman: spearman(predicted, labels) };
    return { ...facts, ...both, main: (both.pearson + both.spearman) / 2 };
  }
  if (!onClasses.includes(task)) throw unknownName('text task', task, [...onClasses, 'stsb']);
  checkFinite(predicted, 'prediction');
  const right = accuracy(predicted, labels);
  if (task === 'cola') {
    const correlation = matthews(predicted, labels);
    return { ...facts, accuracy: right, matthews: correlation, main: correlation };
  }
  const harmonic = task === 'mrpc' || task === 'qqp' ? { f1: f1(predicted, labels) } : {};
  return { ...facts, accuracy: right, ...harmonic, main: right };
}

/** The columns of the papers' tables. WNLI is in none of them. */
export const glueColumns = [
  'mnli-matched',
  'mnli-mismatched',
  'qqp',
  'qnli',
  'sst2',
  'cola',
  'stsb',
  'mrpc',
  'rte',
] as const;

export type GlueColumn = (typeof glueColumns)[number];

/**
 * Two means are called "GLUE average", and tables mix them:
 * 'nine-columns' counts MNLI twice, matched and mismatched (full precision 83.9, BinaryBERT 41.0, BiBERT 63.2);
 * 'eight-tasks' has MNLI once, matched (BiT 71.0 and 73.5). Of BiT's best row the first would be 74.2, of BiBERT's the second 62.6.
 */
export type GlueAverage = 'nine-columns' | 'eight-tasks';

/**
 * The mean of the columns' main scores.
 *
 * @throws InputError for an unknown way, and when a column is missing: a mean of fewer is another number.
 */
export function glueAverage(
  scores: Readonly<Partial<Record<GlueColumn, number>>>,
  way: GlueAverage,
): number {
  const ways: readonly GlueAverage[] = ['nine-columns', 'eight-tasks'];
  if (!ways.includes(way)) throw unknownName('GLUE average', way, ways);
  const columns = glueColumns.filter((one) => way === 'nine-columns' || one !== 'mnli-mismatched');
  const missing = columns.filter((column) => !Number.isFinite(scores[column]));
  if (missing.length > 0) {
    throw new InputError(
      `the GLUE average "${way}" needs all of ${columns.join(', ')}; missing: ${missing.join(', ')}`,
    );
  }
  return columns.reduce((sum, column) => sum + (scores[column] ?? 0), 0) / columns.length;
}
