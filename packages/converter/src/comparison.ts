/** Two models' outputs on the same inputs, compared. */

/** Takes outputs in batches and counts what is the same. */
export class Comparison {
  /** Inputs whose outputs are the same bits. */
  equalOutputs = 0;
  /** Inputs with the same largest outputs. */
  equalPredictions = 0;
  /** Largest |difference| over all outputs; the largest number there is where that is none. */
  largestDifference = 0;
  /** Predictions that differ, with the margin by which the first model preferred its own. */
  readonly differentPredictions: { readonly input: number; readonly margin: number }[] = [];
  /** The first output that differs, in words. */
  example: string | undefined;

  /** @param outputs numbers for one input, in rows of `classes`, each with a largest one. */
  constructor(
    private readonly outputs: number,
    private readonly classes: number,
  ) {}

  /** @param first index of the batch's first input. @throws when one has another number of outputs. */
  add(before: Float32Array, after: Float32Array, first: number): void {
    if (before.length !== after.length) {
      throw new Error(`the trained network has ${before.length} outputs, not ${after.length}`);
    }
    for (let from = 0; from < before.length; from += this.outputs) {
      const to = from + this.outputs;
      this.addOne(before.subarray(from, to), after.subarray(from, to), first + from / this.outputs);
    }
  }

  private addOne(before: Float32Array, after: Float32Array, input: number): void {
    before.forEach((value, i) => {
      this.largestDifference = Math.max(this.largestDifference, difference(value, after[i]));
    });
    const wrong = before.findIndex((value, i) => !Object.is(value, after[i]));
    if (wrong < 0) this.equalOutputs += 1;
    else {
      this.example ??= `output ${wrong} of input ${input} is ${textOf(after[wrong])} instead of ${textOf(before[wrong])}`;
    }
    const different = this.differentPredictions.length;
    for (let from = 0; from < before.length; from += this.classes) {
      const row = before.subarray(from, from + this.classes);
      const was = indexOfLargest(row);
      const is = indexOfLargest(after.subarray(from, from + this.classes));
      if (was === is) continue;
      this.differentPredictions.push({ input, margin: difference(row[was], row[is]) });
    }
    if (this.differentPredictions.length === different) this.equalPredictions += 1;
  }
}

/** With the sign of a zero, which would else look equal. */
function textOf(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** |a - b|; the largest number there is where that is none, because a file's JSON has no word for infinity. */
function difference(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  const size = Math.abs(a - b);
  return Number.isFinite(size) ? size : Number.MAX_VALUE;
}

/** The first of the largest; a NaN is none. */
function indexOfLargest(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i] > row[best] || Number.isNaN(row[best])) best = i;
  return best;
}
