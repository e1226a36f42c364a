/** A vocabulary in a file: the pieces in the order of their ids, a line each, in UTF-8, as an LZ4 block. */
import { ModelFileError } from '../model-file-error.js';
import { bitBytes } from './tensors.js';
import type { StoredTensor } from './tensors.js';
import { quote } from './json.js';
import { readLz4, writeLz4 } from './lz4.js';

/** Most pieces, and most bytes of their text. The largest published WordPiece vocabularies have half as many, and an eighth. */
export const mostPieces = 2 ** 18;
export const mostVocabularyBytes = 2 ** 23;
/** Most UTF-16 units of a piece; longer ones could not be part of any word. */
const longestPiece = 200;

/** @throws ModelFileError for pieces that a reader would refuse. */
export function storedVocabulary(pieces: readonly string[]): StoredTensor {
  checkPieces(pieces);
  const bytes = writeLz4(new TextEncoder().encode(pieces.join('\n')));
  return { dtype: 'U8', shape: [bytes.length], bytes };
}

/** @throws ModelFileError where the tensor is none. */
export function readVocabulary({ bytes }: StoredTensor): readonly string[] {
  const text = readLz4(bytes, mostVocabularyBytes, 'the vocabulary');
  let pieces: readonly string[];
  try {
    pieces = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text).split('\n');
  } catch {
    throw new ModelFileError('the vocabulary is not valid UTF-8');
  }
  checkPieces(pieces);
  return pieces;
}

/** What a file can hold; whether it is one of WordPiece, text/vocabulary.ts says. */
function checkPieces(pieces: readonly string[]): void {
  if (pieces.length > mostPieces) {
    throw new ModelFileError(
      `the vocabulary has ${pieces.length} pieces; allowed: 1 to ${mostPieces}`,
    );
  }
  pieces.forEach((piece, id) => {
    const fits = piece !== '' && piece.length <= longestPiece && !/\n|\p{Cs}/u.test(piece);
    if (fits) return;
    throw new ModelFileError(
      `the vocabulary's piece ${id} is ${quote(piece)}; allowed: 1 to ${longestPiece} characters, none of them a line feed or half of one`,
    );
  });
}

/** Which pieces have a row: bit i for piece i. */
export function storedKept(kept: readonly boolean[]): StoredTensor {
  const bytes = new Uint8Array(bitBytes(kept.length));
  kept.forEach((isKept, id) => {
    if (isKept) bytes[id >> 3] |= 1 << (id & 7);
  });
  return { dtype: 'U8', shape: [bytes.length], bytes };
}

/**
 * The row of each piece, -1 where it has none; all have one where no tensor says otherwise.
 *
 * @throws ModelFileError for bits behind the last piece.
 */
export function rowsOf(pieces: number, kept: StoredTensor | undefined): Int32Array {
  const rows = new Int32Array(pieces);
  let count = 0;
  for (let id = 0; id < pieces; id++) {
    const isKept = kept === undefined || ((kept.bytes[id >> 3] >> (id & 7)) & 1) === 1;
    rows[id] = isKept ? count++ : -1;
  }
  const last = kept?.bytes.at(-1) ?? 0;
  if (kept !== undefined && pieces % 8 !== 0 && last >> (pieces % 8) !== 0) {
    throw new ModelFileError(
      `the text model's kept: bits after the first ${pieces} must be 0; its last byte is ${last}`,
    );
  }
  return rows;
}
