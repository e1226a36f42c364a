/** What an evaluation says, in lines: the measure first, then its neighbours, then class by class. */
import type { Evaluation, RunSummary } from '@surge-bnn/train';
import { measureOf } from './measure.js';
import { count, figures, percent } from './terminal/format.js';

/** @param on what was evaluated. */
export function evaluationText(
  evaluation: Evaluation & Pick<RunSummary, 'measure' | 'unit'>,
  on: string,
): string {
  const {
    unit = 'images',
    images,
    correct,
    accuracy,
    loss,
    top5,
    details = {},
    perClass = {},
  } = evaluation;
  const right = correct === undefined ? '' : ` (${count(correct)} of ${count(images)} ${unit})`;
  const first = [
    `${measureOf(evaluation)} ${percent(accuracy)}${right}`,
    ...(loss === undefined ? [] : [`loss ${figures(loss)}`]),
    ...(top5 === undefined ? [] : [`top-5 ${percent(top5)}`]),
  ].join(', ');
  return [first, `on ${on}`, listed(details), listed(perClass)]
    .filter((line) => line !== '')
    .join('\n');
}

function listed(values: Readonly<Record<string, number | null>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value === null ? '-' : percent(value)}`)
    .join(', ');
}
