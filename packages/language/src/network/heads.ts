/** What stands behind the encoder: a classifier on the pooled [CLS], or the prediction of masked pieces. All in float. */
import { layers } from '@surge-bnn/core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { gelu } from '../layers/gelu.js';
import { firstPiece, piecesAt } from '../layers/pick-pieces.js';
import type { WordEmbedding } from '../layers/word-embedding.js';
import type { BertOptions } from './options.js';
import type * as parts from './parts.js';
import { dropped, floatLinear, norm, on } from './parts.js';

type Build = parts.Build<BertOptions>;

/** tanh(linear([CLS])), dropout, linear: [batch, labels]. */
export function classifier(x: SymbolicTensor, labels: number, build: Build): SymbolicTensor {
  const { width } = build.options;
  const first = on(firstPiece({ name: 'bert.pooler.first' }), x);
  const pooled = floatLinear('bert.pooler.dense', width, first, build, 'tanh');
  return floatLinear('classifier', labels, dropped('dropout', pooled, build), build);
}

/** Linear, activation, layer norm, then the products with all words' vectors and a bias for each word: [count, 1, vocabulary]. */
export function maskedPieces(
  x: SymbolicTensor,
  places: SymbolicTensor,
  words: WordEmbedding,
  build: Build,
): SymbolicTensor {
  const { width, activation } = build.options;
  const at = 'cls.predictions';
  const chosen = on(piecesAt({ name: `${at}.places` }), [x, places]);
  const inner = floatLinear(`${at}.transform.dense`, width, chosen, build);
  const name = `${at}.transform.activation`;
  const bent = on(activation === 'gelu' ? gelu({ name }) : tfl.layers.reLU({ name }), inner);
  const logits = on(words, norm(`${at}.transform.LayerNorm`, bent, build));
  return on(layers.channelBias({ name: `${at}.bias` }), logits);
}
