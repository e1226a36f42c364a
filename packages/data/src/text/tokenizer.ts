/** What cuts texts into pieces, as encoding needs it: `WordPiece` is one, `Unigram` of @surge-bnn/language another. */
import type { EncodedText } from '@surge-bnn/runtime/text';

export interface TextTokenizer {
  /** Pieces in the vocabulary: rows that the embeddings must have. */
  readonly size: number;
  /** The piece that fills up, and the one for what no piece covers. */
  readonly special: { readonly pad: number; readonly unknown: number };
  /**
   * @param maxLength most pieces, marks included.
   * @throws for a `maxLength` that holds no pair: `WordPiece` a ModelFileError of @surge-bnn/runtime, which is no InputError, `Unigram` an InputError.
   */
  encode(sentence: string, second: string | undefined, maxLength: number): EncodedText;
}
