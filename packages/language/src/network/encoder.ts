/** BERT's encoder (Devlin et al. 2019), by the names of Hugging Face's modules: embeddings, then layers of attention and feed-forward. */
import { seedFor } from '@surge-bnn/contract';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { gelu } from '../layers/gelu.js';
import { placeEmbedding } from '../layers/place-embedding.js';
import { selfAttention } from '../layers/self-attention.js';
import { wordEmbedding, type WordEmbedding } from '../layers/word-embedding.js';
import type { BertOptions } from './options.js';
import type * as parts from './parts.js';
import { addAndNorm, attentionKind, dropped, linear, norm, on } from './parts.js';
import type { Projections } from './text-network.js';

type Build = parts.Build<BertOptions>;

/** [batch, length] each, int32. */
export interface EncoderInputs {
  readonly ids: SymbolicTensor;
  readonly types: SymbolicTensor;
  /** 1 for a piece, 0 for padding. */
  readonly mask: SymbolicTensor;
}

export interface Encoder {
  readonly words: WordEmbedding;
  /** Of the embeddings, then of each layer: [batch, length, width]. */
  readonly hiddenStates: readonly SymbolicTensor[];
  /** Of each layer. */
  readonly projections: readonly Projections[];
}

export function encoder({ ids, types, mask }: EncoderInputs, build: Build): Encoder {
  const { options, seed } = build;
  const { vocabulary, width, positions, types: kinds } = options;
  const at = 'bert.embeddings';
  const seedOf = (name: string) => seedFor(seed, `init/${name}`);
  const words = wordEmbedding({
    name: `${at}.word_embeddings`,
    vocabulary,
    width,
    seed: seedOf(`${at}.word_embeddings`),
  });
  const places = placeEmbedding({ name: at, positions, types: kinds, seed: seedOf(at) });
  const embedded = norm(`${at}.LayerNorm`, on(places, [on(words, ids), types]), build);
  const hiddenStates = [dropped(`${at}.dropout`, embedded, build)];
  const projections: Projections[] = [];
  for (let i = 0; i < options.layers; i++) {
    const name = `bert.encoder.layer.${i}`;
    const attended = attention(name, hiddenStates[i], mask, build);
    projections.push(attended.projections);
    hiddenStates.push(feedForward(name, attended.output, build));
  }
  return { words, hiddenStates, projections };
}

function attention(layer: string, x: SymbolicTensor, mask: SymbolicTensor, build: Build) {
  const { options, seed } = build;
  const { width, heads, attentionDropout: rate } = options;
  const name = `${layer}.attention`;
  const projections: Projections = {
    query: linear(`${name}.self.query`, width, x, build),
    key: linear(`${name}.self.key`, width, x, build),
    value: linear(`${name}.self.value`, width, x, build),
  };
  const { query, key, value } = projections;
  const kind = attentionKind(options);
  const core = selfAttention({ name: `${name}.self`, heads, kind, rate, seed });
  const context = on(core, [query, key, value, mask]);
  const output = linear(`${name}.output.dense`, width, context, build);
  return { projections, output: addAndNorm(`${name}.output`, output, x, build) };
}

function feedForward(layer: string, x: SymbolicTensor, build: Build): SymbolicTensor {
  const { width, ffn, activation } = build.options;
  const inner = linear(`${layer}.intermediate.dense`, ffn, x, build);
  const name = `${layer}.intermediate.activation`;
  const bent = on(activation === 'gelu' ? gelu({ name }) : tfl.layers.reLU({ name }), inner);
  const outer = linear(`${layer}.output.dense`, width, bent, build, activation === 'relu');
  return addAndNorm(`${layer}.output`, outer, x, build);
}
