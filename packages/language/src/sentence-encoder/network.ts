/**
 * The Universal Sentence Encoder Lite (Cer et al. 2018, arXiv 1803.11175) as a network to train, with the interface of `bert`: a small pre-norm
 * transformer, float or with the linear layers and the attention of its layers binary, and a head.
 *
 *     x = 2 e + [sin(p t), cos(p t)]
 *     each layer: y = shortcut(x) + out(attention(norm(x))),  x = y + conv2(relu(conv1(norm(y))))
 *     sentence: tanh(dense(mean of the last x)), of length 1
 *
 * `shortcut` is a linear layer where the width changes, else x itself; no norm behind the last layer. Binary are query, key, value, out, conv1
 * and conv2; embeddings, norms, shortcuts, the sentence's dense layer and the head stay float, as in BiT and BiBERT. Dropout, which the published description does
 * not place, is where BERT has it: on the embeddings, on probabilities, on what out and conv2 add.
 *
 * A pair is two sentences in one row, told apart by their types: neither sees the other, the second's positions start at 0 again, and each has a mean of its own. So
 * each gets the vector that it has by itself, and hidden states keep the batch's shape. The classifier of a pair takes [u, v, |u - v|, u v] (Conneau et al.
 * 2017, arXiv 1705.02364). Vectors enter it sqrt(vector) long, so that their entries are of size 1.
 */
import { seedFor } from '@surge-bnn/contract';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { selfAttention } from '../layers/self-attention.js';
import { wordEmbedding } from '../layers/word-embedding.js';
import * as parts from '../network/parts.js';
import { attentionKind, dropped, floatLinear, linear, norm, on } from '../network/parts.js';
import { disposer, type Projections, type TextNetwork } from '../network/text-network.js';
import { maskedMean, positionSignal, unitLength } from './layers.js';
import { checkSentenceContext, completeSentenceOptions } from './options.js';
import type { SentenceContext, SentenceHead, SentenceOptions } from './options.js';
import { pairFeatures, pairMask, sentenceMask } from './pair-layers.js';

const EMBEDDING_FACTOR = 2;

type Build = parts.Build<SentenceOptions>;

export interface SentenceNetwork extends TextNetwork<SentenceOptions, SentenceHead> {
  readonly kind: 'sentence-encoder';
}

/** What the masks of a batch are made of: [batch, length] each, int32. */
interface Pieces {
  readonly types: SymbolicTensor;
  readonly mask: SymbolicTensor;
}

/**
 * ```ts
 * const { model } = sentenceNetwork({ pairs: true }, { head: { kind: 'classifier', labels: 1 } });
 * const scores = model.apply(textInputs(batch), { training: true });
 * ```
 *
 * @throws InputError naming an option that cannot be.
 */
export function sentenceNetwork(
  given: Partial<SentenceOptions>,
  context: SentenceContext,
): SentenceNetwork {
  const options = completeSentenceOptions(given);
  checkSentenceContext(context, options);
  const { head, seed = 0, length } = context;
  const build: Build = { options, seed };
  const pieces = (name: string) => tfl.input({ name, shape: [length ?? null], dtype: 'int32' });
  const [ids, types, mask] = [pieces('ids'), pieces('types'), pieces('mask')];
  const { hiddenStates, projections } = encoder(ids, { types, mask }, build);
  const last = hiddenStates[hiddenStates.length - 1];
  const outputs = headOf(head, last, { types, mask }, build);
  const model = tfl.model({ name: 'sentence_encoder', inputs: [ids, types, mask], outputs });
  const dispose = disposer(model);
  return { kind: 'sentence-encoder', options, head, model, hiddenStates, projections, dispose };
}

function encoder(ids: SymbolicTensor, { types, mask }: Pieces, build: Build) {
  const { options, seed } = build;
  const { vocabulary, widths, timescales, positions, pairs } = options;
  const name = 'embeddings';
  const words = wordEmbedding({
    name,
    vocabulary,
    width: widths[0],
    seed: seedFor(seed, `init/${name}`),
  });
  const signal = positionSignal({
    name: 'position',
    timescales: [...timescales],
    factor: EMBEDDING_FACTOR,
    positions,
    pairs,
  });
  const visible = on(pairs ? pairMask({ name: 'pairs' }) : sentenceMask({ name: 'one' }), [
    mask,
    types,
  ]);
  const placed = on(signal, [on(words, ids), mask, types]);
  const hiddenStates = [dropped('embeddings.dropout', placed, build)];
  const projections: Projections[] = [];
  for (let i = 0; i < widths.length - 1; i++) {
    const attended = attention(i, hiddenStates[i], visible, build);
    projections.push(attended.projections);
    hiddenStates.push(feedForward(i, attended.output, build));
  }
  return { hiddenStates, projections };
}

function attention(i: number, x: SymbolicTensor, visible: SymbolicTensor, build: Build) {
  const { options, seed } = build;
  const { widths, heads, attentionDropout: rate } = options;
  const [width, out] = widths.slice(i, i + 2);
  const name = `layer${i}.attn`;
  const normed = norm(`layer${i}.attn_norm`, x, build);
  const projections: Projections = {
    query: linear(`${name}.query`, width, normed, build),
    key: linear(`${name}.key`, width, normed, build),
    value: linear(`${name}.value`, width, normed, build),
  };
  const { query, key, value } = projections;
  const core = selfAttention({ name, heads, kind: attentionKind(options), rate, seed });
  const context = on(core, [query, key, value, visible]);
  const added = dropped(`${name}.dropout`, linear(`${name}.out`, out, context, build), build);
  const shortcut = width === out ? x : floatLinear(`layer${i}.residual_dense`, out, x, build);
  return { projections, output: on(tfl.layers.add({ name: `${name}.add` }), [shortcut, added]) };
}

function feedForward(i: number, x: SymbolicTensor, build: Build): SymbolicTensor {
  const { ffn, widths } = build.options;
  const name = `layer${i}.ffn`;
  const inner = linear(`${name}.conv1`, ffn, norm(`layer${i}.ffn_norm`, x, build), build);
  const bent = on(tfl.layers.reLU({ name: `${name}.relu` }), inner);
  const outer = linear(`${name}.conv2`, widths[i + 1], bent, build, true);
  const added = dropped(`${name}.dropout`, outer, build);
  return on(tfl.layers.add({ name: `${name}.add` }), [x, added]);
}

function headOf(
  head: SentenceHead,
  last: SymbolicTensor,
  { types, mask }: Pieces,
  build: Build,
): SymbolicTensor {
  if (head.kind === 'none') return last;
  const { pairs, vector } = build.options;
  // One dense layer for both sentences of a pair: a layer is applied to each.
  const mean = maskedMean({ name: 'pool.mean' });
  const dense = parts.floatDense('pool.dense', vector, build, 'tanh');
  const unit = unitLength({
    name: 'pool.unit',
    size: head.kind === 'vector' ? 1 : Math.sqrt(vector),
  });
  const vectorOf = (visible: SymbolicTensor) => on(unit, on(dense, on(mean, [last, visible])));
  const maskOf = (name: string, type?: 0 | 1) => on(sentenceMask({ name, type }), [mask, types]);
  if (head.kind === 'vector') return vectorOf(maskOf('pool.mask'));
  const features = pairs
    ? on(pairFeatures({ name: 'pool.pair' }), [
        vectorOf(maskOf('pool.first', 0)),
        vectorOf(maskOf('pool.second', 1)),
      ])
    : vectorOf(maskOf('pool.mask'));
  return floatLinear('classifier', head.labels, dropped('dropout', features, build), build);
}
