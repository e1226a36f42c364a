/** The report's part on classes: which was taken for which after the last epoch. */
import { measureOf } from '../measure.js';
import { count, figures, percent } from '../terminal/format.js';
import { html, table, type Content, type Html } from './html.js';
import type { Report, ReportRun } from './model.js';

/** One matrix for each run that has one (sets of more than 20 classes have confusion.csv alone). */
export function classSection(report: Report): Content {
  const judged = report.runs.filter(({ summary }) => summary.last?.perClass !== undefined);
  if (judged.length > 0) return precisionSection(judged);
  const tables = report.runs.map(confusionTable).filter((one) => one !== undefined);
  if (tables.length === 0) return undefined;
  return html`<h2>Class by class, last evaluation</h2>
    <p>
      A row for each true class, a column for each predicted one; the last column is the share of
      the class that was recognised. <code>confusion.csv</code> in the run folder has the same
      counts.
    </p>
    ${tables}`;
}

/** Of detectors: the measure of each class, and its neighbours. */
function precisionSection(runs: readonly ReportRun[]): Html {
  const rows = (of: (run: ReportRun) => Readonly<Record<string, number | null>>) => {
    const names = [...new Set(runs.flatMap((run) => Object.keys(of(run))))];
    return names.map((name) => [name, ...runs.map((run) => percent(of(run)[name]))]);
  };
  const labels = runs.map(({ label }) => label);
  return html`<h2>Class by class, last evaluation</h2>
    ${table(
      [`${measureOf(runs[0].summary)} of`, ...labels],
      rows((run) => run.summary.last?.perClass ?? {}),
    )}
    <h2>Other measures</h2>
    ${table(
      ['measure', ...labels],
      rows((run) => run.summary.last?.details ?? {}),
    )}
    <h2>Parts of the loss, last epoch</h2>
    ${table(
      ['part', ...labels],
      rows((run) => run.epochs.at(-1)?.trainParts ?? {}).map(([name]) => [
        name,
        ...runs.map((run) => figures(run.epochs.at(-1)?.trainParts?.[name])),
      ]),
    )}`;
}

function confusionTable({ label, summary }: ReportRun): Html | undefined {
  const { last, classes } = summary;
  if (last?.confusion === undefined || classes === undefined) return undefined;
  const rows = last.confusion.map((row, i) => {
    const all = row.reduce((sum, one) => sum + one, 0);
    const right = all === 0 ? undefined : row[i] / all;
    return [classes[i], ...row.map((one) => count(one)), percent(right, 1)];
  });
  return html`<h3>${label}</h3>
    ${table(['true class', ...classes, 'right'], rows)}`;
}
