/** What a text model says of sentences: from the command line, or of a file with one text a line. */
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { InputError } from '@surge-bnn/contract';
import type { PackedText, PredictedClass, PredictedScore } from '@surge-bnn/runtime/text';
import { figures } from '../terminal/format.js';
import { formatTable, type Column } from '../terminal/table.js';
import { guessColumns, medianRun, topGuesses, type Guess } from './guesses.js';
import { whyUnreadable } from './open.js';

/** One text and what is said of it. */
export interface TextPrediction {
  readonly sentence: string;
  readonly second?: string;
  /** Of a classifier: the most probable classes, the first of which is the prediction. */
  readonly top?: readonly Guess[];
  /** Of a model of scores. */
  readonly score?: number;
  readonly pieces: number;
  readonly cut: number;
  readonly unknown: number;
  /** Of tokenizer and network. */
  readonly milliseconds: number;
}

/** A text, or a pair of them. */
export type Sentences = readonly [sentence: string, second?: string];

/** Up to here the time of each text is the median of several runs. */
const fewTexts = 20;

/**
 * The texts of a command line: one or more sentences, or for models of pairs two of them; or lines.
 *
 * @param given "-" alone stands for standard input. @param lines a file of texts, "-" standard input.
 * @throws InputError for no text, for a pair that is none, and naming a file that cannot be read or a line that does not fit.
 */
export async function textsOf(
  given: readonly string[],
  lines: string | undefined,
  { pairs }: Pick<PackedText, 'pairs'>,
): Promise<readonly Sentences[]> {
  const file = lines ?? (given.length === 1 && given[0] === '-' ? '-' : undefined);
  if (lines !== undefined && given.length > 0) {
    throw new InputError('predict takes texts, or a file of them by --lines, not both');
  }
  if (file !== undefined) return linesOf(file, pairs);
  const [first, second] = given;
  if (!pairs) {
    if (given.length > 0) return given.map((sentence) => [sentence]);
    throw new InputError(
      'predict takes texts: "a sentence" (or more of them), or --lines FILE, or - for standard input',
    );
  }
  if (given.length === 2) return [[first, second]];
  throw new InputError(
    `the model reads pairs: give "a sentence" "and a second", or --lines FILE with a tab between them; got ${given.length} texts`,
  );
}

async function linesOf(file: string, pairs: boolean): Promise<Sentences[]> {
  const where = file === '-' ? 'standard input' : file;
  const content = await (file === '-' ? textOf(process.stdin) : readTexts(file));
  const lines = content.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new InputError(`${where} has no texts`);
  return lines.map((line, i) => {
    const parts = line.split('\t');
    if (parts.length === (pairs ? 2 : 1)) return [parts[0], parts.at(1)];
    throw new InputError(
      `${where}, line ${i + 1} has ${parts.length - 1} tabs; allowed: ${pairs ? 'one, between two sentences' : 'none, as the model reads one sentence'}`,
    );
  });
}

async function readTexts(file: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new InputError(`the file of texts ${file} ${whyUnreadable(error)}`, { cause: error });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new InputError(`the file of texts ${file} is not valid UTF-8`, { cause: error });
  }
}

/** @param top how many classes to tell. */
export function predictTexts(
  model: PackedText,
  texts: readonly Sentences[],
  top: number,
): TextPrediction[] {
  const timed = ([sentence, second]: Sentences, forMilliseconds: number) =>
    medianRun(() => model.predict(sentence, second), forMilliseconds);
  timed(texts[0], 150); // until the compiler has done its work
  const patience = texts.length <= fewTexts ? 20 : 0;
  return texts.map((text) => {
    const { result: prediction, milliseconds } = timed(text, patience);
    const [sentence, second] = text;
    const { pieces, cut, unknown } = prediction;
    return {
      sentence,
      ...(second === undefined ? {} : { second }),
      ...saidOf(prediction, model.classes ?? [], top),
      ...{ pieces, cut, unknown, milliseconds },
    };
  });
}

function saidOf(
  prediction: PredictedClass | PredictedScore,
  classes: readonly string[],
  top: number,
): Pick<TextPrediction, 'top' | 'score'> {
  if ('score' in prediction) return { score: prediction.score };
  return { top: topGuesses(prediction.probabilities, classes, top) };
}

const longestShown = 48;

export function formatTextPredictions(predictions: readonly TextPrediction[]): string {
  const said: Column<TextPrediction>[] = predictions.some(({ score }) => score !== undefined)
    ? [{ title: 'score', value: (p) => figures(p.score) }]
    : guessColumns();
  const table = formatTable<TextPrediction>(
    [
      { title: 'text', value: shown, align: 'left' },
      ...said,
      { title: 'pieces', value: (p) => String(p.pieces) },
      { title: 'time', value: (p) => `${p.milliseconds.toFixed(2)} ms` },
    ],
    predictions,
  );
  const remarks = predictions.flatMap((one) => {
    const what = [
      ...(one.cut > 0 ? [`${one.cut} pieces at the end were cut off`] : []),
      ...(one.unknown > 0 ? [`${one.unknown} pieces are unknown`] : []),
    ];
    return what.length === 0 ? [] : [`${shown(one)}: ${what.join('; ')}`];
  });
  return [table, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
}

/** A text for a table: nothing in it that a terminal obeys, cut when long. */
function shown({ sentence, second }: TextPrediction): string {
  const parts = second === undefined ? [sentence] : [sentence, second];
  return parts
    .map((part) => {
      const printable = part.replace(/\p{C}/gu, ' ');
      const characters = Array.from(printable);
      if (characters.length <= longestShown) return printable;
      return `${characters.slice(0, longestShown - 1).join('')}…`;
    })
    .join(' | ');
}
