/** What a conversion of a text model takes and what it tells. */
import type { Model } from '@surge-bnn/core';
import type { FileSize, TextOutput } from '@surge-bnn/runtime';
import type { WordPiece } from '@surge-bnn/runtime/text';
import type { Agreement, ConvertOptions, LayerFate } from '../types.js';
import type { LowerTextOptions } from './lower-text.js';

/** A text, or a pair of them; the examples of @surge-bnn/data are. */
export interface Sentences {
  readonly sentence: string;
  readonly second?: string;
}

/** A network of @surge-bnn/language with a classifier, as far as it is packed: `bert` makes it. */
export interface ShippableText {
  /** Inputs ids, types and mask; logits [batch, labels]. */
  readonly model: Model;
}

/**
 * How the tables of vectors are stored: as trained; rounded to float16; or as integers from -127 to 127 with a scale for each row.
 */
export type TableForm = 'f32' | 'f16' | 'i8';

export interface PackTextOptions extends Omit<LowerTextOptions, 'length'> {
  /** The tokenizer that the network was trained with. */
  readonly wordPiece: WordPiece;
  /** Names of the classes; or the ends of the scores where the network has one output. */
  readonly output: TextOutput;
  /** Whether it reads two sentences. */
  readonly pairs: boolean;
  /** Most pieces of a text, as in training. The file has vectors for so many places. */
  readonly maxLength: number;
  /** Default 'f16'. */
  readonly tables?: TableForm;
  /**
   * Texts whose pieces the file shall have vectors for; all other pieces become [UNK], which makes the file smaller and says less of other
   * texts. Absent: all pieces.
   */
  readonly keepPieces?: Iterable<Sentences>;
}

export interface ConvertTextOptions
  extends
    PackTextOptions,
    Pick<ConvertOptions, 'compact' | 'training' | 'provenance' | 'onProgress' | 'signal'> {
  /** Real texts for the proof: the packed model runs beside the trained one on all of them. */
  readonly texts: readonly Sentences[];
  /** What they are, for the report: "872 texts of SST-2's development set". */
  readonly textsAre: string;
}

/** The packed text model beside the trained one, on the same texts; of scores the predictions that differ are not told. */
export interface TextAgreement extends Omit<Agreement, 'calibration' | 'equalUnmerged'> {
  /** Pieces of all texts, as the file reads them. */
  readonly pieces: number;
  /** Texts that are longer than the file's longest and were cut, by the trained network and the packed one alike. */
  readonly cut: number;
}

export interface TextReport {
  readonly layers: readonly LayerFate[];
  readonly agreement: TextAgreement;
  readonly size: FileSize;
  /** Of the trained network's weights in float32. */
  readonly floatBytes: number;
  /** Pieces of the vocabulary, and those that have a vector in the file. */
  readonly vocabulary: { readonly pieces: number; readonly kept: number };
}

export interface TextConversion {
  /** The `*.bnn` file. */
  readonly bytes: Uint8Array;
  readonly report: TextReport;
}
