/**
 * Masked-language-model examples (Devlin et al. 2019, 3.1): of each text 15 % of the pieces are to be predicted; of these 80 % become [MASK], 10 % another
 * piece, 10 % stay. Drawn anew each epoch, from (seed, epoch, the text's index) only.
 */
import { InputError } from '@surge-bnn/contract';
import type { WordPiece } from '@surge-bnn/runtime/text';
import { randomStream } from '../random.js';
import { idsOf, type EncodedTexts } from './encode.js';
import { TextLoader, type TextLoaderOptions } from './loader.js';
import type { TextBatch } from './collate.js';
import type { TextExample } from './types.js';

/** A batch with some pieces replaced. */
export interface MaskedBatch extends Omit<TextBatch, 'labels'> {
  /** Places in `ids` to predict: row * length + column, ascending. */
  readonly positions: Int32Array;
  /** What stood there. */
  readonly targets: Int32Array;
}

export interface MaskingOptions {
  /** Share of a text's pieces to predict, at least one a text. Default 0.15. */
  readonly share?: number;
  /** Choose words with all their pieces. Default false, as BERT was first published. */
  readonly wholeWords?: boolean;
}

const TO_MASK = 0.8;
const TO_RANDOM = 0.1;

/** The batches of masked texts: a `TextLoader` whose texts change each epoch. Texts without any piece are left out. */
export class MaskedTextLoader {
  readonly batchesPerEpoch: number;
  readonly textsPerEpoch: number;
  /** Texts that have no piece to predict. */
  readonly leftOut: number;
  private readonly loader: TextLoader;
  private readonly kept: Int32Array;
  private readonly seed: number;
  private readonly masking: Required<MaskingOptions>;
  /** [UNK] is one of them: it stands for a word, but there is nothing to learn from predicting it. */
  private readonly special: ReadonlySet<number>;
  /** Ids that a piece may be replaced by: all but those with a meaning of their own. */
  private readonly ordinary: Int32Array;

  /** @throws InputError when an option is out of range or does not fit the texts. */
  constructor(
    texts: EncodedTexts,
    private readonly wordPiece: WordPiece,
    { share = 0.15, wholeWords = false, ...options }: TextLoaderOptions & MaskingOptions,
  ) {
    if (!(share > 0 && share <= 1)) {
      throw new InputError(`share must be a number above 0 and at most 1, got ${share}`);
    }
    this.masking = { share, wholeWords };
    this.seed = options.seed;
    this.special = new Set(Object.values(wordPiece.special));
    const indices = Array.from({ length: texts.count }, (_, i) => i);
    this.kept = Int32Array.from(
      indices.filter((i) => idsOf(texts, i).some((id) => !this.special.has(id))),
    );
    this.leftOut = texts.count - this.kept.length;
    if (this.kept.length === 0) throw new InputError('no text has a piece that could be masked');
    this.loader = new TextLoader(pick(texts, this.kept), options);
    this.batchesPerEpoch = this.loader.batchesPerEpoch;
    this.textsPerEpoch = this.loader.textsPerEpoch;
    this.ordinary = Int32Array.from(
      wordPiece.vocabulary.flatMap((piece, id) => (/^\[.+\]$/.test(piece) ? [] : [id])),
    );
  }

  /** The batches of epoch `epoch` from batch `firstBatch` on; `indices` are those of the given texts. */
  *epoch(epoch: number, firstBatch = 0): Generator<MaskedBatch, void, undefined> {
    for (const { ids, types, mask, indices, count, length } of this.loader.epoch(
      epoch,
      firstBatch,
    )) {
      const own = Int32Array.from(indices, (i) => this.kept[i]);
      const positions: number[] = [];
      const targets: number[] = [];
      for (let row = 0; row < count; row++) {
        const text = ids.subarray(row * length, (row + 1) * length);
        const random = randomStream(this.seed, 'mask', epoch, own[row]);
        for (const column of this.choose(text, mask.subarray(row * length), random)) {
          positions.push(row * length + column);
          targets.push(text[column]);
          const draw = random.uniform();
          if (draw < TO_MASK) text[column] = this.wordPiece.special.mask;
          else if (draw < TO_MASK + TO_RANDOM) {
            text[column] = this.ordinary[random.integer(this.ordinary.length)];
          }
        }
      }
      yield {
        ids,
        types,
        mask,
        indices: own,
        count,
        length,
        positions: Int32Array.from(positions),
        targets: Int32Array.from(targets),
      };
    }
  }

  /** The columns of one text to predict, ascending. */
  private choose(
    text: Int32Array,
    mask: Int32Array,
    random: { permutation(n: number): Int32Array },
  ): number[] {
    const units: number[][] = [];
    let pieces = 0;
    text.forEach((id, column) => {
      if (mask[column] === 0 || this.special.has(id)) return;
      pieces++;
      const continued = units.at(-1);
      const isNext = continued?.at(-1) === column - 1 && this.wordPiece.continues(id);
      if (this.masking.wholeWords && isNext) continued?.push(column);
      else units.push([column]);
    });
    const wanted = Math.max(1, Math.round(this.masking.share * pieces));
    const order = random.permutation(units.length);
    const chosen: number[] = [];
    for (const i of order) {
      // A word that would exceed the share is passed over for a shorter one, as in BERT's code.
      if (chosen.length + units[i].length <= wanted) chosen.push(...units[i]);
      if (chosen.length === wanted) break;
    }
    if (chosen.length === 0) chosen.push(...units[order[0]]);
    return chosen.sort((a, b) => a - b);
  }
}

/**
 * The sentences of these sets, each once, without labels and pairs: texts to pre-train on. Tasks share sentences (QQP's questions come many times), and give training
 * splits only: what is evaluated on should not have been read.
 */
export function uniqueSentences(sets: readonly { readonly examples: readonly TextExample[] }[]): {
  readonly examples: readonly TextExample[];
  readonly classes: readonly string[];
} {
  const seen = new Set<string>();
  for (const { examples } of sets) {
    for (const { sentence, second = '' } of examples) {
      for (const text of [sentence, second]) if (text.trim() !== '') seen.add(text.trim());
    }
  }
  return { examples: Array.from(seen, (sentence) => ({ sentence })), classes: [] };
}

/** The pairs of these sets, each once, without labels; those with an empty sentence are left out. */
export function uniquePairs(sets: readonly { readonly examples: readonly TextExample[] }[]): {
  readonly examples: readonly TextExample[];
  readonly classes: readonly string[];
} {
  const seen = new Map<string, TextExample>();
  for (const { examples } of sets) {
    for (const { sentence, second = '' } of examples) {
      const pair = { sentence: sentence.trim(), second: second.trim() };
      if (pair.sentence !== '' && pair.second !== '') seen.set(JSON.stringify(pair), pair);
    }
  }
  return { examples: [...seen.values()], classes: [] };
}

/** Some of the texts, without labels. */
function pick(texts: EncodedTexts, indices: Int32Array): EncodedTexts {
  const offsets = new Int32Array(indices.length + 1);
  const firsts = new Int32Array(indices.length);
  indices.forEach((i, at) => {
    offsets[at + 1] = offsets[at] + idsOf(texts, i).length;
    firsts[at] = texts.firsts[i];
  });
  const ids = new Int32Array(offsets[indices.length]);
  indices.forEach((i, at) => ids.set(idsOf(texts, i), offsets[at]));
  return { ...texts, count: indices.length, ids, offsets, firsts, labels: undefined };
}
