/** Aligned tables for a terminal: text to the left, numbers to the right. */

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Default 'right'; the first column of a table usually says 'left'. */
  readonly align?: 'left' | 'right';
}

/** The table as lines without a trailing newline; two spaces between columns. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => column.value(row)));
  const widths = columns.map((column, i) =>
    Math.max(column.title.length, ...cells.map((line) => line[i].length)),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) =>
        columns[i].align === 'left' ? text.padEnd(widths[i]) : text.padStart(widths[i]),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(columns.map((column) => column.title)), rule, ...cells.map(line)].join('\n');
}

const blocks = '▁▂▃▄▅▆▇█';

/**
 * A curve in one line of text, its lowest value the lowest block; missing values are spaces. A curve
 * longer than `width` is thinned, keeping the first and the last value.
 */
export function sparkline(
  values: readonly (number | null | undefined)[],
  width = 60,
  range?: readonly [number, number],
): string {
  const shown = values.length <= width ? values : thin(values, width);
  const known = shown.filter((v): v is number => typeof v === 'number' && Number.isFinite(v));
  const low = range?.[0] ?? Math.min(...known);
  const high = range?.[1] ?? Math.max(...known);
  return shown
    .map((v) => {
      if (typeof v !== 'number' || !Number.isFinite(v)) return ' ';
      const share = high > low ? (v - low) / (high - low) : 0.5;
      return blocks[Math.min(7, Math.max(0, Math.floor(share * 8)))];
    })
    .join('');
}

function thin<T>(values: readonly T[], width: number): T[] {
  const step = (values.length - 1) / (width - 1);
  return Array.from({ length: width }, (_, i) => values[Math.round(i * step)]);
}
