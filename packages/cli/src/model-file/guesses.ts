/** What a classifier says to a picture or a text: its most probable classes, the columns that tell them, and how long one run takes. */
import { percent } from '../terminal/format.js';
import type { Column } from '../terminal/table.js';

export interface Guess {
  readonly class: string;
  readonly probability: number;
}

/** The most probable classes, the first of which is the prediction. @param top how many. */
export function topGuesses(
  probabilities: Iterable<number> | ArrayLike<number>,
  classes: readonly string[],
  top: number,
): Guess[] {
  const guesses = Array.from(probabilities, (probability, i) => ({
    class: classes[i],
    probability,
  }));
  return guesses.sort((a, b) => b.probability - a.probability).slice(0, top);
}

/** Of a table of predictions of classes: the first, its probability, and the others. */
export function guessColumns<Row extends { readonly top?: readonly Guess[] }>(): Column<Row>[] {
  const guess = ({ class: name, probability }: Guess): string => `${name} ${percent(probability)}`;
  const guesses = ({ top }: Row): readonly Guess[] => top ?? [];
  return [
    { title: 'class', value: (row) => guesses(row)[0].class, align: 'left' },
    { title: 'probability', value: (row) => percent(guesses(row)[0].probability) },
    { title: 'then', value: (row) => guesses(row).slice(1).map(guess).join(', '), align: 'left' },
  ];
}

/** What a run gives, and the milliseconds of one: the median of as many as fit into the time, at least one. */
export function medianRun<Result>(
  run: () => Result,
  forMilliseconds: number,
): { readonly result: Result; readonly milliseconds: number } {
  const times: number[] = [];
  const end = performance.now() + forMilliseconds;
  let result: Result;
  do {
    const start = performance.now();
    result = run();
    times.push(performance.now() - start);
  } while (performance.now() < end);
  times.sort((a, b) => a - b);
  return { result, milliseconds: times[times.length >> 1] };
}
