/** What predictions come to: right ones, right ones among the first five, and which class was taken for which. */

/** Sets with more classes have their confusion matrix as CSV alone: it would fill metrics.jsonl. */
export const largestListedConfusion = 20;

/** Counts over all pictures that were added. */
export class Tally {
  correct = 0;
  /** Pictures whose class is among the five largest logits. */
  amongFive = 0;
  seen = 0;
  /** Row: the true class; column: the predicted one. */
  readonly confusion: number[][];

  constructor(readonly classes: number) {
    this.confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  }

  /** @param logits [labels.length, classes], row by row. */
  add(logits: ArrayLike<number>, labels: Int32Array): void {
    labels.forEach((label, row) => {
      const at = row * this.classes;
      const predicted = largest(logits, at, this.classes);
      this.confusion[label][predicted] += 1;
      this.seen += 1;
      if (predicted === label) this.correct += 1;
      if (rank(logits, at, this.classes, label) < 5) this.amongFive += 1;
    });
  }

  /** Share of pictures with their class among the first five; undefined where all classes are. */
  get top5(): number | undefined {
    return this.classes > 5 ? this.amongFive / this.seen : undefined;
  }
}

/** How many rows have their (first) maximum at the label. */
export function countCorrect(
  logits: ArrayLike<number>,
  labels: Int32Array,
  classes: number,
): number {
  let correct = 0;
  labels.forEach((label, row) => {
    if (largest(logits, row * classes, classes) === label) correct++;
  });
  return correct;
}

/** The place of the (first) maximum among `classes` logits from `at` on. */
export function largest(logits: ArrayLike<number>, at: number, classes: number): number {
  let best = 0;
  for (let c = 1; c < classes; c++) {
    if (logits[at + c] > logits[at + best]) best = c;
  }
  return best;
}

/** How many classes come before this one: larger logits, and equal ones with a smaller number. */
function rank(logits: ArrayLike<number>, at: number, classes: number, label: number): number {
  const own = logits[at + label];
  let before = 0;
  for (let c = 0; c < classes; c++) {
    const other = logits[at + c];
    if (other > own || (other === own && c < label)) before++;
  }
  return before;
}
