/** Hugging Face's config.json of a BERT: what of it makes a network here, and the way back. */
import { badOption, InputError } from '@surge-bnn/contract';
import type { BertHead, BertOptions, BertSizes } from '../network/options.js';
import { bertDefaults } from '../network/options.js';

/** What a config.json says. */
export interface BertConfig {
  /** For `bert`; method and inputs are not in it. */
  readonly options: BertSizes & Pick<BertOptions, 'dropout' | 'attentionDropout'>;
  /** Labels of its classifier; 2 where it does not say, as there. */
  readonly labels: number;
}

const counts = {
  layers: 'num_hidden_layers',
  width: 'hidden_size',
  heads: 'num_attention_heads',
  ffn: 'intermediate_size',
  vocabulary: 'vocab_size',
  positions: 'max_position_embeddings',
} as const;

/**
 * @param value what JSON.parse made of the file. @param where names it in messages.
 * @throws InputError for a size that is missing or no size, and for what this network is not: another kind of model, activation or position.
 */
export function readConfig(value: unknown, where: string): BertConfig {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(`${where} must hold an object, as a config.json of Hugging Face does`);
  }
  const config = new Map<string, unknown>(Object.entries(value));
  const count = (key: string, least = 1): number => {
    const n = config.get(key);
    if (typeof n === 'number' && Number.isInteger(n) && n >= least) return n;
    throw badOption(where, key, `a whole number >= ${least}`, n);
  };
  const must = <T extends string>(key: string, allowed: readonly T[], fallback: T): T => {
    const given = config.get(key) ?? fallback;
    const found = allowed.find((one) => one === given);
    if (found !== undefined) return found;
    throw badOption(where, key, allowed.join(' or '), given);
  };
  const share = (key: string, fallback: number): number => {
    const n = config.get(key) ?? fallback;
    if (typeof n === 'number' && n >= 0 && n < 1) return n;
    throw badOption(where, key, 'at least 0 and below 1', n);
  };
  must('model_type', ['bert'], 'bert');
  must('position_embedding_type', ['absolute'], 'absolute');
  const activation = must<'gelu' | 'relu'>('hidden_act', ['gelu', 'relu'], 'gelu');
  const epsilon = config.get('layer_norm_eps') ?? bertDefaults.epsilon;
  if (typeof epsilon !== 'number' || !(epsilon > 0)) {
    throw badOption(where, 'layer_norm_eps', 'a number above 0', epsilon);
  }
  const options = {
    layers: count(counts.layers),
    width: count(counts.width),
    heads: count(counts.heads),
    ffn: count(counts.ffn),
    vocabulary: count(counts.vocabulary),
    positions: count(counts.positions),
    types: config.has('type_vocab_size') ? count('type_vocab_size') : bertDefaults.types,
    activation,
    epsilon,
    dropout: share('hidden_dropout_prob', bertDefaults.dropout),
    attentionDropout: share('attention_probs_dropout_prob', bertDefaults.attentionDropout),
  };
  const names: unknown = config.get('id2label');
  const labels =
    typeof names === 'object' && names !== null
      ? Object.keys(names).length
      : config.has('num_labels')
        ? count('num_labels')
        : 2;
  return { options, labels };
}

const architectures: Readonly<Record<BertHead['kind'], string>> = {
  classifier: 'BertForSequenceClassification',
  masked: 'BertForMaskedLM',
  none: 'BertModel',
};

/** The config.json of a network, for Hugging Face's code to read; a binary network is described as the float one that it has the sizes of. */
export function writeConfig(options: BertOptions, head: BertHead): Record<string, unknown> {
  const labels = head.kind === 'classifier' ? head.labels : undefined;
  const names = Array.from({ length: labels ?? 0 }, (_, i) => [String(i), `LABEL_${i}`] as const);
  return {
    architectures: [architectures[head.kind]],
    model_type: 'bert',
    num_hidden_layers: options.layers,
    hidden_size: options.width,
    num_attention_heads: options.heads,
    intermediate_size: options.ffn,
    vocab_size: options.vocabulary,
    max_position_embeddings: options.positions,
    type_vocab_size: options.types,
    hidden_act: options.activation,
    layer_norm_eps: options.epsilon,
    hidden_dropout_prob: options.dropout,
    attention_probs_dropout_prob: options.attentionDropout,
    position_embedding_type: 'absolute',
    pad_token_id: 0,
    initializer_range: 0.02,
    ...(labels === undefined
      ? {}
      : {
          id2label: Object.fromEntries(names),
          label2id: Object.fromEntries(names.map(([id, name]) => [name, Number(id)])),
        }),
  };
}
