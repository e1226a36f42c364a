/** The kinds of layers that a text network is made of, by their class names, and the small ones among them. */
import type { TextRule } from './rule.js';
import { selfAttention } from './attention.js';
import { firstPiece, placeEmbedding, wordEmbedding } from './embeddings.js';
import { binaryDense, channelBias, dense } from './linear.js';

const layerNorm: TextRule = ({ layer, values: [x], write }) => {
  const weights = [write.weight('gamma', 'weight'), write.weight('beta', 'bias')];
  const epsilon = { float: Number(layer.getConfig().epsilon) };
  return write.last('LayerNormalization', [x, ...weights], { axis: -1, epsilon });
};

/** x Phi(x), by erf, in the order that runtimes know as one op. */
const gelu: TextRule = ({ values: [x], write }) => {
  const u = write.step('u', 'Div', [x, write.scalar(Math.fround(Math.SQRT2))]);
  const twice = write.step('twice', 'Add', [write.step('erf', 'Erf', [u]), write.scalar(1)]);
  return write.last('Mul', [write.step('product', 'Mul', [x, twice]), write.scalar(0.5)]);
};

/** A layer that does nothing here: dropout outside of training. */
const itself: TextRule = ({ values: [x] }) => x;

export const textRules: Readonly<Record<string, TextRule>> = {
  WordEmbedding: wordEmbedding,
  PlaceEmbedding: placeEmbedding,
  SurgeLayerNorm: layerNorm,
  SurgeDropout: itself,
  Dense: dense,
  BinaryDense: binaryDense,
  ChannelBias: channelBias,
  SelfAttention: selfAttention,
  Add: ({ values, write }) => write.last('Add', values),
  SurgeGelu: gelu,
  ReLU: ({ values, write }) => write.last('Relu', values),
  FirstPiece: firstPiece,
  // All pieces are predicted, as Hugging Face's network has it.
  PiecesAt: itself,
};
