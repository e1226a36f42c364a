/** What a run's accuracies are called: of most they are shares of right classes, of detectors mean average precision. */
import type { ComparisonTable, RunSummary } from '@surge-bnn/train';

/** "accuracy", "mAP@0.5". */
export function measureOf({ measure = 'accuracy' }: Pick<RunSummary, 'measure'>): string {
  return measure;
}

/** The one that all of them have, or both: "accuracy or mAP@0.5". */
export function measuresOf(summaries: readonly Pick<RunSummary, 'measure'>[]): string {
  return [...new Set(summaries.map(measureOf))].join(' or ') || 'accuracy';
}

/** Of all runs of a comparison. */
export function comparedMeasure({ rows }: Pick<ComparisonTable, 'rows'>): string {
  return measuresOf(rows.flatMap(({ runs }) => runs.map(({ summary }) => summary)));
}
