/** What stands in a text model's file: tokenizer and tables, nodes of the body, sizes, agreement, origin. */
import type { FileSize, ModelMetadata, TextPlan } from '@surge-bnn/runtime';
import type { TableDescription, TextDescription } from '@surge-bnn/runtime/text';
import { bytes, count } from '../terminal/format.js';
import { formatTable } from '../terminal/table.js';
import type { OpenedText } from './open.js';
import { formatFacts, metadataFacts } from './summary.js';
import { fileSizeText, formatNodes } from './tables.js';

export interface TextSummary extends TextDescription {
  readonly file: string;
  readonly size: FileSize;
  readonly plan: TextPlan;
  /** Pieces of the vocabulary. */
  readonly pieces: number;
  readonly metadata: ModelMetadata;
}

export function summarizeText({ file, text, size }: OpenedText): TextSummary {
  const { plan, metadata, wordPiece } = text;
  return { file, size, plan, pieces: wordPiece.size, ...text.describe(), metadata };
}

export function formatTextSummary({ file, size, plan, pieces, ...rest }: TextSummary): string {
  const { tables, body, memoryBytes, metadata } = rest;
  const { output, pairs, lowerCase, maxLength } = plan;
  const says =
    'classes' in output
      ? `classes ${output.classes.join(', ')}`
      : `a score of ${output.least} to ${output.most}`;
  const facts: [name: string, what: string][] = [
    ['file', fileSizeText(size)],
    ['memory', `${bytes(memoryBytes)} for the longest text`],
    ['reads', `${pairs ? 'pairs of sentences' : 'sentences'} of up to ${count(maxLength)} pieces`],
    ['says', says],
    ['vocabulary', `${count(pieces)} pieces, ${lowerCase ? 'lower case' : 'with capitals'}`],
    ...metadataFacts(metadata),
  ];
  return [
    `${file}: a text model`,
    '\ntokenizer and tables',
    formatTables(tables),
    `\nbody, of a text of ${count(maxLength)} pieces`,
    formatNodes(body),
    '',
    formatFacts(facts),
  ].join('\n');
}

function formatTables(tables: readonly TableDescription[]): string {
  return formatTable<TableDescription>(
    [
      { title: 'tensor', value: (t) => t.name, align: 'left' },
      { title: 'type', value: (t) => t.dtype, align: 'left' },
      { title: 'shape', value: (t) => t.shape.join('x') },
      { title: 'bytes', value: (t) => count(t.bytes) },
    ],
    tables,
  );
}
