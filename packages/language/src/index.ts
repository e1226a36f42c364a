/** Language understanding: BERT in float and binary, its weights, and sentence encoders. */
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
export type { Projections } from './network/encoder.js';
export { bertDefaults } from './network/options.js';
export type { BertContext, BertHead, BertOptions, BertSizes } from './network/options.js';
export * as ops from './ops/index.js';
