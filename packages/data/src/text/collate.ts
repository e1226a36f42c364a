/** Texts of different lengths to one rectangle: padded to the longest, with the mask that tells padding. */
import { InputError } from '@surge-bnn/contract';
import { idsOf, type EncodedTexts } from './encode.js';

/** One batch; rows of `length` ids. The arrays are the caller's. */
export interface TextBatch {
  /** [count, length]: ids of pieces, filled up with [PAD]. */
  readonly ids: Int32Array;
  /** [count, length]: 0 for the first sentence and padding, 1 for the second. */
  readonly types: Int32Array;
  /** [count, length]: 1 for a piece, 0 for padding. */
  readonly mask: Int32Array;
  /** [count]: class indices, or scores; absent where the texts have none. */
  readonly labels?: Int32Array | Float32Array;
  /** [count]: the position of each text in its set. */
  readonly indices: Int32Array;
  readonly count: number;
  readonly length: number;
}

export interface PadOptions {
  /** Lengths are multiples of this: fewer shapes. Default 1. */
  readonly padMultiple?: number;
  /** Every batch has this length. Default: that of its longest text. */
  readonly length?: number;
}

/** @throws InputError for numbers out of range, and for a length that a text exceeds. */
export function checkPadding({ padMultiple = 1, length }: PadOptions, longest: number): void {
  if (!Number.isInteger(padMultiple) || padMultiple < 1) {
    throw new InputError(`padMultiple must be an integer of at least 1, got ${padMultiple}`);
  }
  if (length === undefined) return;
  if (!Number.isInteger(length) || length < longest) {
    throw new InputError(
      `length must be an integer of at least ${longest}, the longest text, got ${length}; encode with a smaller maxLength`,
    );
  }
  if (padMultiple !== 1) throw new InputError('length and padMultiple exclude each other');
}

/** The texts of these indices as one batch. */
export function collate(
  texts: EncodedTexts,
  indices: Int32Array,
  { padMultiple = 1, length: wanted }: PadOptions = {},
): TextBatch {
  const count = indices.length;
  // One column of padding where all texts are without a piece, which only tokenizers without marks make.
  let longest = 1;
  for (const i of indices) longest = Math.max(longest, idsOf(texts, i).length);
  const length = wanted ?? Math.ceil(longest / padMultiple) * padMultiple;
  const ids = new Int32Array(count * length).fill(texts.pad);
  const types = new Int32Array(count * length);
  const mask = new Int32Array(count * length);
  indices.forEach((i, row) => {
    const own = idsOf(texts, i);
    const at = row * length;
    ids.set(own, at);
    mask.fill(1, at, at + own.length);
    types.fill(1, at + texts.firsts[i], at + own.length);
  });
  const { labels } = texts;
  const picked = labels instanceof Int32Array ? new Int32Array(count) : new Float32Array(count);
  if (labels !== undefined) indices.forEach((i, row) => (picked[row] = labels[i]));
  return {
    ids,
    types,
    mask,
    ...(labels === undefined ? {} : { labels: picked }),
    indices,
    count,
    length,
  };
}
