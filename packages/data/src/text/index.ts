/** Texts: readers of GLUE, WordPiece, batches of similar length, masked-language-model examples. */
export { checkText, holdsText, type CheckedText, type CheckedTexts } from './check.js';
export { type BucketOptions } from './buckets.js';
export { collate, type PadOptions, type TextBatch } from './collate.js';
export {
  describeSentenceEncoder,
  fetchSentenceEncoder,
  sentenceEncoderFiles,
  sentenceEncoderName,
} from './encoder-file.js';
export { encodeTexts, type EncodedTexts, type EncodeOptions } from './encode.js';
export { TextLoader, type TextLoaderOptions } from './loader.js';
export {
  MaskedTextLoader,
  uniquePairs,
  uniqueSentences,
  type MaskedBatch,
  type MaskingOptions,
} from './masking.js';
export {
  describeText,
  fetchText,
  openText,
  type OpenTextOptions,
  type TextDescription,
} from './open.js';
export { openWordPiece } from './open-word-piece.js';
export { readTextFile, readTextSplit } from './read.js';
export { pickTexts, splitTexts } from './text-set.js';
export { SCORES, textClasses, textIsPairs, textTaskNames } from './tasks.js';
export type { ReadTextOptions, TextExample, TextSet, TextTask } from './types.js';
export { dropWords, type WordDropout } from './word-dropout.js';
export {
  describeVocabulary,
  fetchVocabulary,
  vocabularyFile,
  vocabularyName,
  vocabularyPieces,
} from './vocabulary-file.js';
export {
  parseVocabulary,
  WordPiece,
  type EncodedText,
  type WordPieceOptions,
} from '@surge-bnn/runtime/text';
export type { TextTokenizer } from './tokenizer.js';
