/** A comparison for a terminal, and as markdown for a page. */
import type { ComparisonTable } from '@surge-bnn/train';
import { formatTable } from '../terminal/table.js';
import { evaluatedImages } from '../evaluated-images.js';
import { partsOf, values, type Part } from './cells.js';

/** For a terminal. */
export function comparisonText(table: ComparisonTable): string {
  const parts = partsOf(table).map((part) => `${part.heading}\n\n${aligned(part)}`);
  return [table.name, ...parts, ...table.remarks.map((remark) => `note: ${remark}`)].join('\n\n');
}

const words = ['arm', 'over', 'measure', 'tried'];

function aligned({ titles, rows }: Part): string {
  const columns = titles.map((title, i) => ({
    title,
    value: (row: readonly string[]) => row[i],
    align: words.includes(title) ? ('left' as const) : ('right' as const),
  }));
  return formatTable(columns, rows);
}

/** What a page shows beside the tables. */
export interface MarkdownOptions {
  /** Where the comparison's files lie, as seen from the page. */
  readonly folder: string;
  /** Names of its plots. */
  readonly plots: readonly string[];
  /** The plan's own words, where it has some. */
  readonly description?: string;
}

/** A section of a page. */
export function comparisonMarkdown(
  table: ComparisonTable,
  { folder, plots, description }: MarkdownOptions,
): string {
  const [run] = table.rows.flatMap(({ runs }) => runs);
  const { cpu, engine } = run.summary;
  const arms = table.rows.map(({ arm, set }) => `- ${arm}: \`${values(set)}\``);
  const lines = [
    `## ${table.name}`,
    ...(description ? [description] : []),
    `Recipe ${table.recipe}; ${evaluatedImages(run.summary)}; ${engine.backend}, ${cpu}. ` +
      `Configs, metrics and seeds of every run: [${folder}](${folder}).`,
    arms.join('\n'),
    ...partsOf(table).flatMap((part) => [`${capital(part.heading)}:`, markdownTable(part)]),
    ...table.remarks.map((remark) => `Note: ${remark}.`),
    ...plots.map((plot) => `![${plot.replace('.svg', '')}](${folder}/${plot})`),
  ];
  return `${lines.join('\n\n')}\n`;
}

function markdownTable({ titles, rows }: Part): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(titles), `|${titles.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
