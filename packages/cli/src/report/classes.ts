/** The report's part on classes: which was taken for which after the last epoch. */
import { count, percent } from '../terminal/format.js';
import { html, table, type Content, type Html } from './html.js';
import type { Report, ReportRun } from './model.js';

/** One matrix for each run that has one (sets of more than 20 classes have confusion.csv alone). */
export function classSection(report: Report): Content {
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
