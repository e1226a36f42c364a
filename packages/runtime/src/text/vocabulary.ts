/** WordPiece vocabularies: a text file with a piece in each line, whose number, from 0, is the piece's id. */
import { quote } from '../format/json.js';
import { ModelFileError } from '../model-file-error.js';

/** The pieces with a meaning of their own, as BERT spells them. */
export const specialPieces = {
  pad: '[PAD]',
  unknown: '[UNK]',
  start: '[CLS]',
  separator: '[SEP]',
  mask: '[MASK]',
} as const;

/** What marks a piece that continues a word. */
export const CONTINUES = '##';

/**
 * The pieces of a vocabulary file. Only line feeds end a line: some pieces are other separators.
 *
 * @param name for messages.
 * @throws ModelFileError for what `checkVocabulary` refuses.
 */
export function parseVocabulary(text: string, name: string): readonly string[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines.at(-1) === '') lines.pop();
  checkVocabulary(lines, name);
  return lines;
}

/**
 * Does this vocabulary go with texts that are made lower case?
 *
 * @throws ModelFileError for capital letters: these pieces would never come.
 */
export function checkLowerCase(pieces: readonly string[], name: string): void {
  const isBracketed = (piece: string) => piece.startsWith('[') && piece.endsWith(']');
  const capital = pieces.find((one) => one !== one.toLowerCase() && !isBracketed(one));
  if (capital === undefined) return;
  throw new ModelFileError(
    `${name} has capital letters (${quote(capital)}), but texts are made lower case: give lowerCase: false, or an uncased vocabulary`,
  );
}

/**
 * Is this a WordPiece vocabulary of BERT's kind?
 *
 * @throws ModelFileError for one without its special pieces or without continuing pieces (a vocabulary of another kind), with an empty piece,
 * with one twice, or with blanks inside of one.
 */
export function checkVocabulary(pieces: readonly string[], name: string): void {
  const seen = new Map<string, number>();
  pieces.forEach((piece, id) => {
    if (piece === '') throw new ModelFileError(`${name}, line ${id + 1}: an empty piece`);
    const before = seen.get(piece);
    if (before !== undefined) {
      throw new ModelFileError(
        `${name}, line ${id + 1}: the piece ${quote(piece)} stands in line ${before + 1} already`,
      );
    }
    if (/[ \t]/.test(piece)) {
      throw new ModelFileError(
        `${name}, line ${id + 1}: the piece ${quote(piece)} has blanks in it: a vocabulary has one piece a line and nothing else`,
      );
    }
    seen.set(piece, id);
  });
  const missing = Object.values(specialPieces).filter((piece) => !seen.has(piece));
  if (missing.length > 0) {
    throw new ModelFileError(
      `${name} is no WordPiece vocabulary of BERT's kind: it has no ${missing.join(', ')}`,
    );
  }
  if (!pieces.some((piece) => piece.startsWith(CONTINUES))) {
    throw new ModelFileError(
      `${name} is no WordPiece vocabulary: no piece starts with "${CONTINUES}", which continues a word`,
    );
  }
}
