/** Labelled texts in memory: what the readers give and what encoding takes. */

/** GLUE's nine tasks (Wang et al. 2019). */
export type TextTask = 'cola' | 'sst2' | 'mrpc' | 'qqp' | 'stsb' | 'mnli' | 'qnli' | 'rte' | 'wnli';

/** One sentence or a pair. */
export interface TextExample {
  readonly sentence: string;
  /** Of tasks on pairs. */
  readonly second?: string;
  /** The index of the class, or STS-B's score; absent where the file has none. */
  readonly label?: number;
}

/** One file of a task. */
export interface TextSet {
  readonly task: TextTask;
  /** What a number must be said to come from. */
  readonly title: string;
  /** The file's name without its endings: train, dev, dev_matched, .. */
  readonly split: string;
  readonly file: string;
  /** In the order of their indices; empty for STS-B, whose labels are scores of 0 to 5. */
  readonly classes: readonly string[];
  /** Does every example have a label? Otherwise none has. */
  readonly labelled: boolean;
  /** Does every example have a second sentence? Otherwise none has. */
  readonly pairs: boolean;
  readonly count: number;
  readonly examples: readonly TextExample[];
  readonly origin: string;
  /** Of all sentences and labels: the receipt of a run's data. */
  readonly sha256: string;
  /** What was left out or is unusual, in sentences. */
  readonly remarks: readonly string[];
}

export interface ReadTextOptions {
  /**
   * What becomes of a row with a wrong number of columns: refused, or left out and counted. By default refused,
   * in QQP left out: its published files have such rows, and the counts of its splits are without them.
   */
  readonly malformed?: 'refuse' | 'leave out';
}
