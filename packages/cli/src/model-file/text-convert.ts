/** From the run of a network for texts to a packed text model, with the evaluation's texts as its proof. */
import { InputError } from '@surge-bnn/contract';
import { convertText } from '@surge-bnn/converter';
import type { FormOptions, TableForm, TextConversion } from '@surge-bnn/converter';
import { SCORES, WordPiece } from '@surge-bnn/data';
import { loadTextRun } from '@surge-bnn/train';
import type { LoadedText } from '@surge-bnn/train';
import { count } from '../terminal/format.js';
import { provenanceOf, trainingOf } from './convert-run.js';
import type { RunConversionOptions } from './convert-run.js';
import { agreementLines, formatFates, sizeLines } from './tables.js';

export interface TextRunConversionOptions extends Pick<
  RunConversionOptions,
  'checkpoint' | 'compact' | 'allowFloat' | 'signal' | 'onProgress'
> {
  readonly forms: FormOptions;
  /** How the tables of vectors are stored. Default 'f16'. */
  readonly tables?: TableForm;
  /** Only vectors of pieces that the run's texts use, of training and evaluation. */
  readonly keepPieces?: boolean;
  /** Texts that the proof runs on, from the first; default all. */
  readonly texts?: number;
  /** Sees the run before it is packed. */
  readonly onLoaded?: (run: LoadedText) => void;
}

/**
 * Converts the network of a run. The same run and options give the same bytes.
 *
 * @throws InputError when there is no run, it is one of pre-training, or a layer cannot be packed; DisagreementError when the proof fails.
 */
export async function convertTextRun(
  folder: string,
  options: TextRunConversionOptions,
): Promise<TextConversion> {
  const { checkpoint = 'last', forms, tables, keepPieces, onProgress, ...rest } = options;
  const { compact, allowFloat, signal } = rest;
  const run = await loadTextRun(folder, { checkpoint });
  options.onLoaded?.(run);
  const { data, network, spec } = run;
  const { model } = network;
  const { tokenizer: wordPiece } = data;
  try {
    if (!(wordPiece instanceof WordPiece)) {
      throw new InputError(
        `the run in ${folder} is of a sentence encoder, which cannot be packed; a run of bert can`,
      );
    }
    const [train, evaluation] = [data.train.set, data.evaluation.set];
    if (train === undefined || evaluation === undefined) {
      throw new InputError(
        `the run in ${folder} is one of pre-training, which says nothing of a text; convert a run that began with it`,
      );
    }
    const texts = evaluation.examples.slice(0, options.texts);
    const what = data.evaluatedOn === 'test' ? 'texts' : 'held-out training texts';
    return await convertText(network, {
      wordPiece,
      output: evaluation.classes.length > 0 ? { classes: evaluation.classes } : SCORES,
      pairs: evaluation.pairs,
      maxLength: spec.maxLength,
      texts,
      textsAre: `${texts.length} ${what} of ${evaluation.title}`,
      tables,
      ...(keepPieces === true && { keepPieces: [...train.examples, ...evaluation.examples] }),
      ...forms,
      training: trainingOf(run),
      provenance: await provenanceOf(folder, checkpoint, { ...run, model }),
      compact,
      allowFloat,
      signal,
      onProgress: (done) => onProgress?.(done, texts.length),
    });
  } finally {
    network.dispose();
  }
}

/** What the verb prints, and with --json all of it. */
type TextResult = TextConversion['report'] & {
  readonly file: string;
  readonly state: 'written' | 'unchanged';
};

export function formatTextConversion({
  file,
  state,
  layers,
  agreement,
  vocabulary,
  ...sizes
}: TextResult): string {
  const { pieces, kept } = vocabulary;
  const missing = pieces === kept ? '' : `; the other ${count(pieces - kept)} become [UNK]`;
  const { cut } = agreement;
  const verb = state === 'written' ? 'written' : 'as it was: these bytes were there already';
  return [
    formatFates(layers),
    '',
    ...sizeLines(sizes),
    `vocabulary           ${count(kept)} of ${count(pieces)} pieces have a vector${missing}`,
    ...agreementLines(agreement, 'text'),
    ...(cut > 0
      ? [`cut                  ${count(cut)} texts are longer than the model's longest`]
      : []),
    '',
    `${file} ${verb}`,
    `what it says: surge-bnn predict ${file} "a sentence"`,
  ].join('\n');
}
