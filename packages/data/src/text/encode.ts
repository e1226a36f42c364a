/** Encoded texts in columns: all ids one after the other, so that a large set is a few typed arrays and no garbage. */
import { InputError } from '@surge-bnn/contract';
import type { TextExample } from './types.js';
import type { TextTokenizer } from './tokenizer.js';

/** Texts as ids, special pieces included, not padded; one without a piece has none. */
export interface EncodedTexts {
  readonly count: number;
  /** Of all texts one after the other. */
  readonly ids: Int32Array;
  /** [count + 1]: where each text begins, and the end. */
  readonly offsets: Int32Array;
  /** [count]: how many ids have the token type 0. */
  readonly firsts: Int32Array;
  /** [count]: class indices, or scores; absent where the texts have none. */
  readonly labels?: Int32Array | Float32Array;
  /** The id that fills up. */
  readonly pad: number;
  readonly longest: number;
  /** Texts that were cut to `maxLength`. */
  readonly truncated: number;
  /** Pieces that stand for what the vocabulary has not. */
  readonly unknown: number;
}

export interface EncodeOptions {
  /** Most pieces of a text or pair, special ones included. BiBERT and BiT: 64 for CoLA and SST-2, else 128. */
  readonly maxLength: number;
}

/**
 * Encodes the examples of a set in their order.
 *
 * @throws InputError for a set without examples and one where only some examples have labels; what the tokenizer throws for a `maxLength` that is too small for it, which of
 * `WordPiece` is a ModelFileError.
 */
export function encodeTexts(
  set: { readonly examples: readonly TextExample[]; readonly classes: readonly string[] },
  tokenizer: TextTokenizer,
  { maxLength }: EncodeOptions,
): EncodedTexts {
  const { examples, classes } = set;
  const count = examples.length;
  if (count === 0) throw new InputError('there are no texts to encode');
  const labelled = examples.filter(({ label }) => label !== undefined).length;
  if (labelled !== 0 && labelled !== count) {
    throw new InputError(
      `${labelled} of ${count} texts have a label: either all must have one or none`,
    );
  }
  const offsets = new Int32Array(count + 1);
  const firsts = new Int32Array(count);
  const parts: (readonly number[])[] = [];
  let [truncated, unknown, longest] = [0, 0, 0];
  examples.forEach(({ sentence, second }, i) => {
    const { ids, first, cut } = tokenizer.encode(sentence, second, maxLength);
    parts.push(ids);
    offsets[i + 1] = offsets[i] + ids.length;
    firsts[i] = first;
    longest = Math.max(longest, ids.length);
    if (cut > 0) truncated++;
    for (const id of ids) if (id === tokenizer.special.unknown) unknown++;
  });
  const ids = new Int32Array(offsets[count]);
  parts.forEach((part, i) => ids.set(part, offsets[i]));
  return {
    count,
    ids,
    offsets,
    firsts,
    ...(labelled === 0 ? {} : { labels: labelsOf(examples, classes.length === 0) }),
    pad: tokenizer.special.pad,
    longest,
    truncated,
    unknown,
  };
}

function labelsOf(examples: readonly TextExample[], areScores: boolean): Int32Array | Float32Array {
  const values = examples.map(({ label = 0 }) => label);
  return areScores ? Float32Array.from(values) : Int32Array.from(values);
}

/** The ids of text `i`: a view. */
export function idsOf({ ids, offsets }: EncodedTexts, i: number): Int32Array {
  return ids.subarray(offsets[i], offsets[i + 1]);
}
