/**
 * BERT's tokenization: text to ids of WordPiece pieces. The rules for a text (control characters go, Han characters stand alone, lower case without accents,
 * punctuation alone, the longest piece first) are those of @huggingface/tokenizers; assembling, pairs and truncation, which it does not do, are here. No
 * Node module is imported, so that a page has the same.
 *
 * What that package leaves to do: it looks at UTF-16 units for Han characters, so those beyond 16 bits would stick together; they are set apart before.
 */
import { Tokenizer } from '@huggingface/tokenizers';
import { ModelFileError } from '../model-file-error.js';
import { checkLowerCase, checkVocabulary, CONTINUES, specialPieces } from './vocabulary.js';

export interface WordPieceOptions {
  /** Lower case without accents, as the uncased vocabularies have it. Default true. */
  readonly lowerCase?: boolean;
  /** How the vocabulary is called in messages. */
  readonly name?: string;
}

/** One text or pair as a network gets it. */
export interface EncodedText {
  /** [CLS] sentence [SEP], for a pair followed by second [SEP]. */
  readonly ids: readonly number[];
  /** How many of them have the token type 0: to the first [SEP], with it. The others have 1. */
  readonly first: number;
  /** Pieces that were cut off. */
  readonly cut: number;
}

/** Longer words are unknown as a whole, in the tokenizers of Hugging Face. */
const LONGEST_WORD = 100;

/** Ideographs beyond 16 bits, in the ranges of BERT's code. */
const WIDE_HAN =
  /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b820}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

/**
 * ```ts
 * const wordPiece = new WordPiece(parseVocabulary(await readFile('vocab.txt', 'utf8'), 'vocab.txt'));
 * wordPiece.encode('a sentence', undefined, 64).ids
 * ```
 *
 * Text never makes special pieces: "[SEP]" in a sentence is three of its words, as in BERT's own code.
 */
export class WordPiece {
  /** Pieces in the vocabulary: rows that the embeddings must have. */
  readonly size: number;
  readonly lowerCase: boolean;
  /** Ids of the special pieces. */
  readonly special: Readonly<Record<keyof typeof specialPieces, number>>;
  private readonly tokenizer: Tokenizer;
  private readonly name: string;

  /**
   * @param vocabulary the pieces in the order of their ids.
   * @throws ModelFileError as `checkVocabulary`, and for a vocabulary with capital letters that are to be made small: its pieces would never come.
   */
  constructor(
    readonly vocabulary: readonly string[],
    { lowerCase = true, name = 'the vocabulary' }: WordPieceOptions = {},
  ) {
    checkVocabulary(vocabulary, name);
    if (lowerCase) checkLowerCase(vocabulary, name);
    this.size = vocabulary.length;
    this.lowerCase = lowerCase;
    this.name = name;
    const vocab = Object.fromEntries(vocabulary.map((piece, id) => [piece, id]));
    const id = (piece: string) => vocab[piece];
    this.special = {
      pad: id(specialPieces.pad),
      unknown: id(specialPieces.unknown),
      start: id(specialPieces.start),
      separator: id(specialPieces.separator),
      mask: id(specialPieces.mask),
    };
    this.tokenizer = new Tokenizer(
      {
        normalizer: {
          type: 'BertNormalizer',
          clean_text: true,
          handle_chinese_chars: true,
          lowercase: lowerCase,
          strip_accents: lowerCase,
        },
        pre_tokenizer: { type: 'BertPreTokenizer' },
        model: {
          type: 'WordPiece',
          vocab,
          unk_token: specialPieces.unknown,
          continuing_subword_prefix: CONTINUES,
          max_input_chars_per_word: LONGEST_WORD,
        },
        post_processor: null,
        decoder: null,
        added_tokens: [],
      },
      {},
    );
  }

  /** The ids of a text's pieces, without [CLS] and [SEP]; none for a text without visible characters. */
  pieces(text: string): readonly number[] {
    const apart = text.replace(WIDE_HAN, ' $& ');
    return this.tokenizer.encode(apart, { add_special_tokens: false }).ids;
  }

  /**
   * A text or a pair with its special pieces. What is longer than `maxLength` loses pieces at its end, of a pair the longer sentence first, the
   * second of two equally long ones ("longest first", as in BERT's code).
   *
   * @param maxLength most pieces, special ones included.
   * @throws ModelFileError for a `maxLength` below 3, which holds no pair.
   */
  encode(sentence: string, second: string | undefined, maxLength: number): EncodedText {
    if (!Number.isInteger(maxLength) || maxLength < 3) {
      throw new ModelFileError(`maxLength must be an integer of at least 3, got ${maxLength}`);
    }
    const { start, separator } = this.special;
    const a = this.pieces(sentence);
    if (second === undefined) {
      const kept = a.slice(0, maxLength - 2);
      const ids = [start, ...kept, separator];
      return { ids, first: ids.length, cut: a.length - kept.length };
    }
    const b = this.pieces(second);
    const [lengthA, lengthB] = longestFirst(a.length, b.length, maxLength - 3);
    const ids = [start, ...a.slice(0, lengthA), separator, ...b.slice(0, lengthB), separator];
    return { ids, first: lengthA + 2, cut: a.length + b.length - lengthA - lengthB };
  }

  /** Does the piece of this id continue a word? */
  continues(id: number): boolean {
    return this.vocabulary[id].startsWith(CONTINUES);
  }

  /**
   * Refuses embeddings with another number of rows: ids beyond them would have none, and fewer pieces than rows mean another vocabulary.
   *
   * @throws ModelFileError when they do not fit.
   */
  mustFit(rows: number): void {
    if (rows === this.size) return;
    throw new ModelFileError(
      `${this.name} has ${this.size} pieces, but the network's embeddings have ${rows} rows: it is not the vocabulary of these weights`,
    );
  }
}

/** How many pieces each of two sentences keeps: from the longer one pieces go until both are equally long, then from both in turn. */
function longestFirst(a: number, b: number, room: number): readonly [number, number] {
  if (a + b <= room) return [a, b];
  const [upper, lower] = [Math.ceil(room / 2), Math.floor(room / 2)];
  if (a <= upper) return [a, room - a];
  if (b <= lower) return [room - b, b];
  return [upper, lower];
}
