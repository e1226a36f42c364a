/** What a network on the sentence encoder is built from, with the sizes of the Universal Sentence Encoder Lite as defaults, and the check of it. */
import { badOption, checkChoice, checkCount, checkKeys, InputError } from '@surge-bnn/contract';
import { checkCommon } from '../network/option-checks.js';
import type { BertOptions } from '../network/options.js';

/** Sizes that weights fix. */
export interface SentenceSizes {
  /** Pieces of the vocabulary: rows of the embeddings. */
  readonly vocabulary: number;
  /** Entries of an embedding, then of a hidden state behind each layer. Where the width changes, the shortcut is a linear layer. */
  readonly widths: readonly number[];
  /** Attention heads; they divide each width. */
  readonly heads: number;
  /** Entries between the two feed-forward layers. */
  readonly ffn: number;
  /** Entries of a sentence's vector. */
  readonly vector: number;
  /** Angle from one position to the next, for each half of an embedding. */
  readonly timescales: readonly number[];
}

export interface SentenceOptions
  extends SentenceSizes, Pick<BertOptions, 'dropout' | 'attentionDropout' | 'method' | 'inputs'> {
  /** Most pieces of a sentence. */
  readonly positions: number;
  /** In the root of layer norm. */
  readonly epsilon: number;
  /** Texts are pairs: pieces of type 0 are one sentence and those of type 1 another, which do not see each other. */
  readonly pairs: boolean;
}

/** What stands behind the encoder. */
export type SentenceHead =
  /** A linear layer: logits, or scores where labels is 1, [batch, labels]. */
  | { readonly kind: 'classifier'; readonly labels: number }
  /** The sentence's vector, of length 1, [batch, vector]. Not of pairs. */
  | { readonly kind: 'vector' }
  /** The last hidden states, [batch, length, width]. */
  | { readonly kind: 'none' };

export interface SentenceContext {
  readonly head: SentenceHead;
  /** Initial weights and dropout depend on it and on layers' names alone. Default 0. */
  readonly seed?: number;
  /** Fixes the length of texts, for `summarize`; absent: any. */
  readonly length?: number;
}

/** exp(-i log(10000) / (n - 1)), the published timescales, which the file has in float32. */
const angles = (count: number) =>
  Array.from({ length: count }, (_, i) => 10_000 ** (-i / Math.max(1, count - 1)));

/** The Universal Sentence Encoder Lite; 8,002 rows, of which its vocabulary uses 8,000. */
export const sentenceDefaults: SentenceOptions = {
  vocabulary: 8002,
  widths: [256, 512, 512],
  heads: 4,
  ffn: 1536,
  vector: 512,
  timescales: angles(128),
  positions: 128,
  epsilon: 1e-6,
  dropout: 0.1,
  attentionDropout: 0.1,
  method: 'none',
  inputs: 'binary',
  pairs: false,
};

/** Who refuses. */
const WHERE = 'sentenceNetwork';

/** The options with their defaults. @throws InputError naming the option, its value and what is allowed. */
export function completeSentenceOptions(given: Partial<SentenceOptions>): SentenceOptions {
  checkKeys(given, Object.keys(sentenceDefaults), 'sentenceNetwork');
  const options = { ...sentenceDefaults, ...given };
  for (const key of ['vocabulary', 'heads', 'ffn', 'vector', 'positions'] as const) {
    checkCount(WHERE, key, options[key]);
  }
  checkWidths(options);
  checkCommon(WHERE, options);
  if (typeof options.pairs !== 'boolean')
    throw badOption(WHERE, 'pairs', 'true or false', options.pairs);
  return options;
}

function checkWidths({ widths, heads, timescales }: SentenceOptions): void {
  if (!Array.isArray(widths) || widths.length < 2) {
    throw badOption(WHERE, 'widths', 'of the embeddings and of at least one layer', widths);
  }
  widths.forEach((width, i) => {
    checkCount(WHERE, `widths[${i}]`, width);
    // The last width is no attention's.
    if (i < widths.length - 1 && width % heads !== 0) {
      throw badOption(WHERE, 'heads', `a divisor of the width ${width}`, heads);
    }
  });
  if (2 * timescales.length !== widths[0]) {
    throw new InputError(
      `sentenceNetwork: timescales must have ${widths[0] / 2} entries, half of the embeddings' width, got ${timescales.length}`,
    );
  }
  const wrong = timescales.find((t) => !Number.isFinite(t));
  if (wrong !== undefined) throw badOption(WHERE, 'timescales', 'finite numbers', wrong);
}

/** @throws InputError for a head or length that cannot be. */
export function checkSentenceContext(
  context: SentenceContext,
  { positions, pairs }: SentenceOptions,
): void {
  checkKeys(context, ['head', 'seed', 'length'], "sentenceNetwork's context");
  const { head, length } = context;
  checkChoice(WHERE, 'head.kind', head.kind, ['classifier', 'vector', 'none']);
  if (head.kind === 'classifier') checkCount(WHERE, 'head.labels', head.labels);
  if (head.kind === 'vector' && pairs) {
    throw new InputError(
      `sentenceNetwork: a pair has two vectors: leave pairs out for the head "vector", or take a classifier`,
    );
  }
  if (length === undefined) return;
  checkCount(WHERE, 'length', length);
  const most = pairs ? 2 * positions : positions;
  if (length > most) throw badOption(WHERE, 'length', `at most ${most}`, length);
}
