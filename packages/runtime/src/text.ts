/**
 * Texts in, predictions out: packed text models and their tokenizer. An entry of its own, `@surge-bnn/runtime/text`, because it has this
 * package's only dependency, the tokenizer; a page that runs other models does not carry it.
 */
export type { TableDescription, TextIds } from './text/embeddings.js';
export { loadText } from './text/load-text.js';
export { PackedText } from './text/packed-text.js';
export type {
  PredictedClass,
  PredictedScore,
  ReadText,
  TextDescription,
} from './text/packed-text.js';
export { checkVocabulary, parseVocabulary, specialPieces } from './text/vocabulary.js';
export { WordPiece } from './text/word-piece.js';
export type { EncodedText, WordPieceOptions } from './text/word-piece.js';
