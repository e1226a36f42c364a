/** Language understanding: BERT in float and binary, its weights, and sentence encoders. */
export type { AttentionNumbers } from './layers/canonical-attention.js';
export { Dropout, dropout } from './layers/dropout.js';
export { Gelu, gelu } from './layers/gelu.js';
export { FirstPiece, firstPiece, PiecesAt, piecesAt } from './layers/pick-pieces.js';
export { PlaceEmbedding, placeEmbedding } from './layers/place-embedding.js';
export { setStep } from './layers/random-layer.js';
export { SelfAttention, selfAttention } from './layers/self-attention.js';
export type { AttentionKind, SelfAttentionOptions } from './layers/self-attention.js';
export { WordEmbedding, wordEmbedding } from './layers/word-embedding.js';
export { bert, textInputs } from './network/bert.js';
export type { Bert, Texts } from './network/bert.js';
export { bertDefaults } from './network/options.js';
export type { BertContext, BertHead, BertOptions, BertSizes } from './network/options.js';
export type { Projections, TextNetwork, TextNetworkKind } from './network/text-network.js';
export * as ops from './ops/index.js';
export { readConfig, writeConfig } from './weights/config.js';
export type { BertConfig } from './weights/config.js';
export { openBert, saveBert } from './weights/folder.js';
export type { OpenOptions } from './weights/folder.js';
export { copyWeights, loadTensors, loadWeights, networkWeights } from './weights/load.js';
export type { CopyOptions, Loaded, LoadOptions } from './weights/load.js';
export { floatsOf, readSafetensors, writeSafetensors } from './weights/safetensors.js';
export type { Stored, Weights } from './weights/safetensors.js';
export { sentenceNetwork } from './sentence-encoder/network.js';
export type { SentenceNetwork } from './sentence-encoder/network.js';
export { openSentenceNetwork } from './sentence-encoder/open.js';
export type { OpenSentenceOptions } from './sentence-encoder/open.js';
export { loadSentenceWeights, sentenceSizes } from './sentence-encoder/file.js';
export { sentenceDefaults } from './sentence-encoder/options.js';
export type {
  SentenceContext,
  SentenceHead,
  SentenceOptions,
  SentenceSizes,
} from './sentence-encoder/options.js';
export { sentenceEncoder } from './sentence-encoder/encoder.js';
export type { SentenceEncoder } from './sentence-encoder/encoder.js';
export { Unigram } from './sentence-encoder/unigram.js';
export type { UnigramOptions } from './sentence-encoder/unigram.js';
