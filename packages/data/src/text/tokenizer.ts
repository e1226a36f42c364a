/** What cuts texts into pieces, as encoding needs it: `WordPiece` is one, `Unigram` of @surge-bnn/language another. */

/** One text or pair as a network gets it. */
export interface TokenizedText {
  /** Ids of pieces, with whatever marks the tokenizer puts around sentences. */
  readonly ids: readonly number[];
  /** How many of them have the token type 0, the first sentence's; the others have 1. */
  readonly first: number;
  /** Pieces that were cut off. */
  readonly cut: number;
}

export interface TextTokenizer {
  /** Pieces in the vocabulary: rows that the embeddings must have. */
  readonly size: number;
  /** The piece that fills up, and the one for what no piece covers. */
  readonly special: { readonly pad: number; readonly unknown: number };
  /**
   * @param maxLength most pieces, marks included.
   * @throws InputError for a `maxLength` that holds no pair.
   */
  encode(sentence: string, second: string | undefined, maxLength: number): TokenizedText;
}
