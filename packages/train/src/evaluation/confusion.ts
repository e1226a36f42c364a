/** The confusion matrix of an evaluation as a file. */
import { writeAtomic } from '../checkpoint/atomic.js';

/** The matrix as CSV: a row for each true class, a column for each predicted one, class names at both. */
export function confusionCsv(
  confusion: readonly (readonly number[])[],
  classes: readonly string[],
): string {
  const head = ['true \\ predicted', ...classes].map(quoted).join(',');
  const rows = confusion.map((row, i) => [quoted(classes[i]), ...row].join(','));
  return `${[head, ...rows].join('\n')}\n`;
}

/** confusion.csv of a run folder. */
export async function writeConfusion(
  path: string,
  confusion: readonly (readonly number[])[],
  classes: readonly string[],
): Promise<void> {
  await writeAtomic(path, confusionCsv(confusion, classes));
}

function quoted(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
