/**
 * Texts in, predictions out: packed text models and their tokenizer. An entry of its own, `@surge-bnn/runtime/text`, because it has this
 * package's only dependency, the tokenizer; a page that runs other models does not carry it.
 */
export { checkVocabulary, parseVocabulary, specialPieces } from './text/vocabulary.js';
export { WordPiece } from './text/word-piece.js';
export type { EncodedText, WordPieceOptions } from './text/word-piece.js';
