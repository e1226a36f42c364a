/**
 * BERT's tokenization once more, code point by code point from the rules of its published code (tokenization.py), for the tests: control characters,
 * blanks, Han characters apart, lower case without accents word by word, punctuation apart, the longest piece first. Two departures, which Hugging
 * Face's tokenizers share: characters for private use go as control characters do, and words beyond 100 characters are unknown (200 in the first code).
 */
const han: readonly (readonly [number, number])[] = [
  [0x4e00, 0x9fff],
  [0x3400, 0x4dbf],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b820, 0x2ceaf],
  [0xf900, 0xfaff],
  [0x2f800, 0x2fa1f],
];

function isPunctuation(char: string): boolean {
  const cp = char.codePointAt(0) ?? 0;
  const isAscii =
    (cp >= 33 && cp <= 47) ||
    (cp >= 58 && cp <= 64) ||
    (cp >= 91 && cp <= 96) ||
    (cp >= 123 && cp <= 126);
  return isAscii || /^\p{P}$/u.test(char);
}

/** The words of a text. */
export function referenceWords(text: string): string[] {
  let clean = '';
  for (const char of text) {
    const cp = char.codePointAt(0) ?? 0;
    if (char === '\t' || char === '\n' || char === '\r') clean += ' ';
    else if (cp === 0 || cp === 0xfffd || /^[\p{Cc}\p{Cf}\p{Co}\p{Cs}]$/u.test(char)) continue;
    else if (/^\p{Z}$/u.test(char)) clean += ' ';
    else clean += han.some(([from, to]) => cp >= from && cp <= to) ? ` ${char} ` : char;
  }
  const words: string[] = [];
  for (const token of clean.split(' ')) {
    let word = '';
    for (const char of token.toLowerCase().normalize('NFD')) {
      if (/^\p{Mn}$/u.test(char)) continue;
      if (!isPunctuation(char)) {
        word += char;
        continue;
      }
      words.push(word, char);
      word = '';
    }
    words.push(word);
  }
  return words.filter((word) => word !== '');
}

/** Gives the ids of a text's pieces. */
export function referenceIds(vocabulary: readonly string[]): (text: string) => number[] {
  const ids = new Map(vocabulary.map((piece, id) => [piece, id]));
  return (text) => referenceWords(text).flatMap((word) => piecesOf(word, ids));
}

function piecesOf(word: string, ids: ReadonlyMap<string, number>): number[] {
  const unknown = ids.get('[UNK]') ?? -1;

  const chars = Array.from(word);
  if (chars.length > 100) return [unknown];
  const pieces: number[] = [];
  for (let from = 0; from < chars.length;) {
    let to = chars.length;
    let found: number | undefined;
    for (; to > from; to--) {
      found = ids.get((from > 0 ? '##' : '') + chars.slice(from, to).join(''));
      if (found !== undefined) break;
    }
    if (found === undefined) return [unknown];
    pieces.push(found);
    from = to;
  }
  return pieces;
}

/** A small vocabulary; ids are places. */
export const smallVocabulary: readonly string[] = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  'the',
  'cat',
  'un',
  '##aff',
  '##able',
  '##s',
  ',',
  '!',
  'naive',
  '你',
  '好',
  '[',
  ']',
  'sep',
  'a',
  '##a',
  'b',
  '##b',
  '𠀀',
];
