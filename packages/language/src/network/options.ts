/** What a BERT is built from, with BERT-base's sizes as defaults, and the check of it. */
import { badOption, checkChoice, checkCount, checkKeys, InputError } from '@surge-bnn/contract';
import { checkCommon } from './option-checks.js';

/** Sizes that weights fix. */
export interface BertSizes {
  /** Encoder layers. */
  readonly layers: number;
  /** Entries of a hidden state. */
  readonly width: number;
  /** Attention heads; they divide the width. */
  readonly heads: number;
  /** Entries between the two feed-forward layers. */
  readonly ffn: number;
  /** Pieces of the vocabulary. */
  readonly vocabulary: number;
  /** Most pieces of a text. */
  readonly positions: number;
  /** Kinds of pieces: 2 for pairs of sentences. */
  readonly types: number;
  /** Behind the first feed-forward layer; gelu is the exact one. */
  readonly activation: 'gelu' | 'relu';
  /** In the root of layer norm. */
  readonly epsilon: number;
}

export interface BertOptions extends BertSizes {
  /** Dropout of hidden states in training. */
  readonly dropout: number;
  /** Dropout of what attention weights its values with. */
  readonly attentionDropout: number;
  /**
   * none: in float. bibert, bit: the six linear layers of each encoder layer, and its attention, are binary as in that paper. Embeddings,
   * layer norms, pooler and head stay float.
   */
  readonly method: 'none' | 'bibert' | 'bit';
  /**
   * two-bit: weights are binary, inputs and the operands of attention have four values each: the middle of BiT's steps of distillation, W32A32, W1A2,
   * W1A1. real: weights alone are binary, inputs and attention float.
   */
  readonly inputs: 'binary' | 'two-bit' | 'real';
}

/** What stands behind the encoder. */
export type BertHead =
  /** Pooler and a linear layer: logits, or scores where labels is 1, [batch, labels]. */
  | { readonly kind: 'classifier'; readonly labels: number }
  /** Logits over the vocabulary for chosen pieces, [count, 1, vocabulary], by the words' own vectors. */
  | { readonly kind: 'masked' }
  /** The last hidden states, [batch, length, width]. */
  | { readonly kind: 'none' };

export interface BertContext {
  readonly head: BertHead;
  /** Initial weights and dropout depend on it and on layers' names alone. Default 0. */
  readonly seed?: number;
  /** Fixes the length of texts, for `summarize`; absent: any up to `positions`. */
  readonly length?: number;
}

/** bert-base-uncased. */
export const bertDefaults: BertOptions = {
  layers: 12,
  width: 768,
  heads: 12,
  ffn: 3072,
  vocabulary: 30_522,
  positions: 512,
  types: 2,
  activation: 'gelu',
  epsilon: 1e-12,
  dropout: 0.1,
  attentionDropout: 0.1,
  method: 'none',
  inputs: 'binary',
};

/** Who refuses. */
const WHERE = 'bert';
const counts = ['layers', 'width', 'heads', 'ffn', 'vocabulary', 'positions', 'types'] as const;

/** The options with their defaults. @throws InputError naming the option, its value and what is allowed. */
export function completeOptions(given: Partial<BertOptions>): BertOptions {
  checkKeys(given, Object.keys(bertDefaults), 'bert');
  const options = { ...bertDefaults, ...given };
  for (const key of counts) checkCount(WHERE, key, options[key]);
  checkChoice(WHERE, 'activation', options.activation, ['gelu', 'relu']);
  checkCommon(WHERE, options);
  if (options.width % options.heads !== 0) {
    throw badOption(WHERE, 'heads', `a divisor of the width ${options.width}`, options.heads);
  }
  checkActivation(options);
  return options;
}

/** Does the activation go with method and inputs? */
function checkActivation({ method, inputs, activation }: BertOptions): void {
  if (method === 'bit' && inputs !== 'real' && activation !== 'relu') {
    throw new InputError(
      `bert: BiT binarizes what is behind the activation into {0, 1}, so that activation must be relu, got ${activation}`,
    );
  }
}

/** @throws InputError for a head or length that cannot be. */
export function checkContext(context: BertContext, { positions }: BertSizes): void {
  checkKeys(context, ['head', 'seed', 'length'], "bert's context");
  const { head, length } = context;
  checkChoice(WHERE, 'head.kind', head.kind, ['classifier', 'masked', 'none']);
  if (head.kind === 'classifier') checkCount(WHERE, 'head.labels', head.labels);
  if (length === undefined) return;
  checkCount(WHERE, 'length', length);
  if (length > positions)
    throw badOption(WHERE, 'length', `at most the ${positions} positions`, length);
}
