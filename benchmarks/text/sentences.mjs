/** What the networks read: sentences of SST-2's development set where it is there, else made-up ones of the same lengths. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  dataDirectory,
  openText,
  parseVocabulary,
  randomStream,
  vocabularyFile,
  WordPiece,
} from '@surge-bnn/data';

/** Most pieces of a text: BiBERT's and BiT's for SST-2. */
export const maxLength = 64;

/** Lengths in pieces that cut the 872 sentences of the development set into 32 equal parts; their mean is the set's, 25.5. */
export const lengths = [
  8, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33,
  34, 36, 38, 40, 42, 45, 52,
];

/**
 * @param directory the data directory, as of `surge-bnn data`. @param vocabulary a file; by default that of `surge-bnn data fetch`.
 * @returns {Promise<{wordPiece: WordPiece, texts: string[], ids: number[][], origin: string}>}
 */
export async function readSentences({ directory, vocabulary }) {
  const folder = dataDirectory({ directory });
  const file = vocabulary ?? vocabularyFile({ directory });
  const isThere = ['dev.tsv', 'dev.tsv.gz'].some((name) =>
    existsSync(path.join(folder, 'glue', 'SST-2', name)),
  );
  const [texts, pieces, origin] =
    isThere && existsSync(file)
      ? [
          (await openText('sst2', { split: 'dev', directory })).examples.map((one) => one.sentence),
          parseVocabulary(readFileSync(file, 'utf8'), file),
          "sentences of SST-2's development set",
        ]
      : [madeUpTexts(), madeUpVocabulary(), "made-up sentences of the lengths of SST-2's"];
  const wordPiece = new WordPiece(pieces);
  const all = texts.map((text) => ({
    text,
    ids: wordPiece.encode(text, undefined, maxLength).ids,
  }));
  // One of each length, the first; of the set as its order has it.
  const chosen = lengths.map((length) => {
    const one = all.findIndex(({ ids }) => ids.length === length);
    return all.splice(one, 1)[0];
  });
  return {
    wordPiece,
    texts: chosen.map(({ text }) => text),
    ids: chosen.map(({ ids }) => ids),
    origin,
  };
}

const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
/** As many pieces as bert-base-uncased has. */
const words = 30_522 - special.length;

const madeUpVocabulary = () => [...special, ...Array.from({ length: words }, (_, i) => `w${i}`)];

function madeUpTexts() {
  const random = randomStream(1, 'benchmark/sentences');
  const word = () => `w${Math.floor(words * random.uniform())}`;
  // [CLS] and [SEP] are two of the pieces.
  return lengths.map((length) => Array.from({ length: length - 2 }, word).join(' '));
}
