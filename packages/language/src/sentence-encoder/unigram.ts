/**
 * SentencePiece's unigram segmentation (Kudo 2018): of all ways to cut a text into pieces of a vocabulary the one with the largest sum of
 * log-probabilities, found by dynamic programming over the places in the text (Viterbi).
 */
import { InputError } from '@surge-bnn/contract';
// The type alone: that entry has a dependency, the tokenizer.
import type { EncodedText } from '@surge-bnn/runtime/text';

/** What stands for a blank in pieces. */
const BLANK = '\u2581';

export interface UnigramOptions {
  /** Pieces before this one are markers that no text has. Default 0. */
  readonly first?: number;
  /** The id of what no piece covers. Default 0. */
  readonly unknown?: number;
  /** How the vocabulary is called in messages. */
  readonly name?: string;
}

/** Below every piece's score by so much is a character that no piece covers, as in SentencePiece. */
const UNKNOWN_PENALTY = 10;

/** What fills up shorter texts; masked, so any id would do. */
const PADDING = 0;

/** A tokenizer as `encodeTexts` of @surge-bnn/data takes one. */
export class Unigram {
  /** Pieces, markers and those without a score included: rows that the embeddings must have at least. */
  readonly size: number;
  /** There are no pieces for the start and the end of a text. */
  readonly special: { readonly pad: number; readonly unknown: number };
  private readonly name: string;
  private readonly scores = new Map<string, { readonly id: number; readonly score: number }>();
  private readonly longest: number;
  private readonly unknown: { readonly id: number; readonly score: number };

  /**
   * @param vocabulary piece and log-probability in the order of their ids; one whose score is null is left out.
   * @throws InputError for anything else, or a vocabulary without pieces.
   */
  constructor(
    vocabulary: unknown,
    { first = 0, unknown = 0, name = 'the vocabulary' }: UnigramOptions = {},
  ) {
    if (!Array.isArray(vocabulary)) {
      throw new InputError(`${name} must be a list of [piece, log-probability]`);
    }
    this.size = vocabulary.length;
    this.name = name;
    this.special = { pad: PADDING, unknown };
    let worst = 0;
    let longest = 0;
    vocabulary.forEach((entry: unknown, id) => {
      const list: readonly unknown[] = Array.isArray(entry) ? entry : [];
      const [piece, score] = list;
      if (typeof piece !== 'string' || (score !== null && typeof score !== 'number')) {
        throw new InputError(
          `${name}, entry ${id}: must be [piece, log-probability], got ${JSON.stringify(entry)}`,
        );
      }
      if (score === null || id < first || piece === '') return;
      this.scores.set(piece, { id, score });
      worst = Math.min(worst, score);
      longest = Math.max(longest, piece.length);
    });
    if (this.scores.size === 0) throw new InputError(`${name} has no piece with a score`);
    this.longest = longest;
    this.unknown = { id: unknown, score: worst - UNKNOWN_PENALTY };
  }

  /** The ids of a text's pieces; neighbouring characters that no piece covers are one unknown. None for an empty text. */
  pieces(text: string): number[] {
    const words = text.normalize('NFKC').trim();
    if (words === '') return [];
    const characters = `${BLANK}${words.replace(/\s+/gu, BLANK)}`;
    return joinUnknown(this.best(characters), this.unknown.id);
  }

  /**
   * The pieces of a text or a pair, without marks between. What is longer than `maxLength` loses pieces at its end, of a pair the longer
   * sentence first, the second of two equally long ones.
   *
   * @throws InputError for a `maxLength` below 2, which holds no pair.
   */
  encode(sentence: string, second: string | undefined, maxLength: number): EncodedText {
    if (!Number.isInteger(maxLength) || maxLength < 2) {
      throw new InputError(`maxLength must be an integer of at least 2, got ${maxLength}`);
    }
    const a = this.pieces(sentence);
    const b = second === undefined ? [] : this.pieces(second);
    // What a leaves, or half of the room where both are longer.
    const ofB = Math.min(b.length, Math.max(Math.floor(maxLength / 2), maxLength - a.length));
    const ofA = Math.min(a.length, maxLength - ofB);
    const ids = [...a.slice(0, ofA), ...b.slice(0, ofB)];
    return { ids, first: ofA, cut: a.length + b.length - ids.length };
  }

  /**
   * Refuses embeddings with fewer rows than there are pieces.
   *
   * @param where names the weights. @throws InputError when they do not fit.
   */
  mustFit(rows: number, where: string): void {
    if (rows >= this.size) return;
    throw new InputError(
      `${where}: the embeddings have ${rows} rows, but ${this.name} has ${this.size} pieces: it is not the vocabulary of these weights`,
    );
  }

  /** The best cut: best[i] is the best score of the first i UTF-16 units, reached by the piece step[i]. */
  private best(text: string): number[] {
    const best = new Float64Array(text.length + 1).fill(-Infinity);
    const from = new Int32Array(text.length + 1);
    const ids = new Int32Array(text.length + 1);
    best[0] = 0;
    const reach = (start: number, end: number, { id, score }: { id: number; score: number }) => {
      if (best[start] + score <= best[end]) return;
      best[end] = best[start] + score;
      from[end] = start;
      ids[end] = id;
    };
    for (let start = 0; start < text.length; start++) {
      if (best[start] === -Infinity) continue;
      // A whole character of two units is unknown as one.
      reach(start, start + ((text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1), this.unknown);
      const most = Math.min(text.length, start + this.longest);
      for (let end = start + 1; end <= most; end++) {
        const piece = this.scores.get(text.slice(start, end));
        if (piece !== undefined) reach(start, end, piece);
      }
    }
    const cut: number[] = [];
    for (let end = text.length; end > 0; end = from[end]) cut.push(ids[end]);
    return cut.reverse();
  }
}

function joinUnknown(ids: readonly number[], unknown: number): number[] {
  return ids.filter((id, i) => id !== unknown || ids[i - 1] !== unknown);
}
