import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { referenceIds, smallVocabulary } from './reference.fixture.js';
import { parseVocabulary } from './vocabulary.js';
import { WordPiece } from './word-piece.js';

const small = new WordPiece(smallVocabulary);
const reference = referenceIds(smallVocabulary);
const ids = (...pieces: string[]) => pieces.map((piece) => smallVocabulary.indexOf(piece));

describe('pieces', () => {
  it.each<[string, string, string[]]>([
    ['the longest piece first', 'unaffable cats', ['un', '##aff', '##able', 'cat', '##s']],
    ['a word with an unknown rest is unknown as a whole', 'cat unx', ['cat', '[UNK]']],
    ['lower case, no accents', 'NAÏVE naïve nai\u0308ve', ['naive', 'naive', 'naive']],
    ['punctuation stands alone', 'the,cat!!', ['the', ',', 'cat', '!', '!']],
    ['Han characters stand alone', 'cat你好cat', ['cat', '你', '好', 'cat']],
    ['those beyond 16 bits, too', '𠀀𠀀𠀁', ['𠀀', '𠀀', '[UNK]']],
    ['control characters are not there', 'c\u0000a\u200d\ufffd\u0007t\u00ad\ufeff', ['cat']],
    ['a lone surrogate is not there', 'c\ud800at', ['cat']],
    ['all kinds of blanks', '\tthe\u00a0cat\u3000a\r\n\u2028b ', ['the', 'cat', 'a', 'b']],
    ['text makes no special piece', 'a [SEP] [sep]', ['a', '[', 'sep', ']', '[', 'sep', ']']],
    ['nothing', '', []],
    ['only blanks and control characters', ' \n\u200b\u0001 ', []],
    [
      '100 characters are a word, 101 are not',
      `${'a'.repeat(100)} ${'a'.repeat(101)}`,
      ['a', ...new Array<string>(99).fill('##a'), '[UNK]'],
    ],
    [
      'other scripts are unknown, not an error',
      'Привет мир مرحبا 안녕 😀',
      ['[UNK]', '[UNK]', '[UNK]', '[UNK]', '[UNK]'],
    ],
  ])('%s', (_, text, pieces) => {
    expect(small.pieces(text)).toEqual(ids(...pieces));
    expect(reference(text)).toEqual(ids(...pieces));
  });

  it('keeps case and accents where the vocabulary has them', () => {
    const vocabulary = [...smallVocabulary, 'Naïve', 'Cat'];
    const cased = new WordPiece(vocabulary, { lowerCase: false });
    expect(cased.pieces('Naïve Cat cat')).toEqual([24, 25, 6]);
  });

  it('any text gives what the rules say', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom(
          'a',
          'b',
          'cat',
          ' ',
          ',',
          '你',
          '𠀀',
          '\u0301',
          'İ',
          'Σ',
          '\u200d',
          'ß',
        ),
      }),
    );
    fc.assert(
      fc.property(text, (one) => {
        expect(small.pieces(one)).toEqual(reference(one));
      }),
      { numRuns: 300 },
    );
  });
});

describe('texts and pairs', () => {
  it('have [CLS] in front and [SEP] behind; the second sentence is of type 1', () => {
    const single = small.encode('the cat', undefined, 8);
    expect(single).toEqual({ ids: ids('[CLS]', 'the', 'cat', '[SEP]'), first: 4, cut: 0 });
    const pair = small.encode('the cat', 'a', 8);
    expect(pair.ids).toEqual(ids('[CLS]', 'the', 'cat', '[SEP]', 'a', '[SEP]'));
    expect(pair.first).toBe(4);
    expect(small.encode('', undefined, 8).ids).toEqual(ids('[CLS]', '[SEP]'));
    expect(small.encode('', '', 8)).toEqual({
      ids: ids('[CLS]', '[SEP]', '[SEP]'),
      first: 2,
      cut: 0,
    });
  });

  it('far over the limit are cut at the end', () => {
    const { ids: kept, cut } = small.encode('the cat '.repeat(50_000), undefined, 6);
    expect(kept).toEqual(ids('[CLS]', 'the', 'cat', 'the', 'cat', '[SEP]'));
    expect(cut).toBe(100_000 - 4);
    expect(small.encode('x'.repeat(200_000), 'a', 6).ids).toEqual(
      ids('[CLS]', '[UNK]', '[SEP]', 'a', '[SEP]'),
    );
  });

  it('pairs lose pieces of the longer one, of the second when both are equal', () => {
    for (let a = 0; a < 9; a++) {
      for (let b = 0; b < 9; b++) {
        for (let most = 3; most < 14; most++) {
          // BERT's _truncate_seq_pair, piece by piece.
          let [lengthA, lengthB] = [a, b];
          while (lengthA + lengthB > most - 3) {
            if (lengthA > lengthB) lengthA--;
            else lengthB--;
          }
          const { ids: kept, first, cut } = small.encode('a '.repeat(a), 'b '.repeat(b), most);
          expect([first - 2, kept.length - first - 1, cut], `${a} ${b} ${most}`).toEqual([
            lengthA,
            lengthB,
            a + b - lengthA - lengthB,
          ]);
        }
      }
    }
  });

  it.each([2, 0, -1, 3.5, Number.NaN])('refuses a limit of %s', (limit) => {
    expect(() => small.encode('a', undefined, limit)).toThrow(/maxLength must be an integer/);
  });
});

describe('vocabularies that are refused', () => {
  const text = `${smallVocabulary.join('\n')}\n`;
  it.each<[string, string, RegExp]>([
    [
      'of another kind',
      '▁the\n▁cat\n',
      /v\.txt is no WordPiece vocabulary .*: it has no \[PAD\], \[UNK\]/,
    ],
    [
      'without pieces that continue',
      smallVocabulary.filter((one) => !one.startsWith('##')).join('\n'),
      /no piece starts with "##"/,
    ],
    [
      'with a piece twice',
      `${text}cat\n`,
      /v\.txt, line 25: the piece "cat" stands in line 7 already/,
    ],
    ['with an empty piece', text.replace('cat\n', '\n'), /v\.txt, line 7: an empty piece/],
    [
      'with more than pieces',
      text.replace('cat', 'cat\t17'),
      /line 7: the piece "cat\\t17" has blanks/,
    ],
    ['empty', '', /it has no \[PAD\]/],
  ])('%s', (_, content, message) => {
    expect(() => parseVocabulary(content, 'v.txt')).toThrow(message);
  });

  it('reads a right one, with other ends of lines, too', () => {
    expect(parseVocabulary(text, 'v.txt')).toEqual(smallVocabulary);
    expect(parseVocabulary(text.replaceAll('\n', '\r\n'), 'v.txt')).toEqual(smallVocabulary);
  });

  it('with capital letters for lower case, and of another size than the weights', () => {
    const name = 'v.txt';
    expect(() => new WordPiece([...smallVocabulary, 'Cat'], { name })).toThrow(
      /v\.txt has capital letters \("Cat"\).*lowerCase: false/,
    );
    const wordPiece = new WordPiece(smallVocabulary, { name });
    expect(() => wordPiece.mustFit(24)).not.toThrow();
    expect(() => wordPiece.mustFit(30_522)).toThrow(
      /v\.txt has 24 pieces, but .* embeddings have 30522 rows/,
    );
  });
});

const shared = fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const file = path.join(shared, 'text-encoder/bert-base-uncased-vocab.txt');
const title = 'bert-base-uncased (skipped where ../shared/data/text-encoder is not there)';
describe.skipIf(!existsSync(file))(title, () => {
  let vocabulary: readonly string[];
  let bert: WordPiece;
  beforeAll(async () => {
    vocabulary = parseVocabulary(await readFile(file, 'utf8'), file);
    bert = new WordPiece(vocabulary);
  });

  it('gives the ids that are known from its documentation', () => {
    expect(bert.size).toBe(30_522);
    expect(bert.special).toEqual({ pad: 0, unknown: 100, start: 101, separator: 102, mask: 103 });
    expect(bert.encode('Hello world', undefined, 8).ids).toEqual([101, 7592, 2088, 102]);
    const unaffable = bert.pieces('UNwantéd,running').map((id) => vocabulary[id]);
    expect(unaffable).toEqual(['unwanted', ',', 'running']);
  });

  it.each(['SST-2/dev', 'CoLA/dev', 'MRPC/dev', 'STS-B/dev', 'WNLI/train'])(
    'every line of GLUE’s %s has the ids of the rules',
    async (name) => {
      const packed = await readFile(path.join(shared, 'glue', `${name}.tsv.gz`));
      const lines = gunzipSync(packed).toString().split('\n');
      expect(lines.length).toBeGreaterThan(70);
      const rules = referenceIds(vocabulary);
      for (const line of lines) expect(bert.pieces(line)).toEqual(rules(line));
    },
  );
});
