import { WordPiece } from '@surge-bnn/runtime/text';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeTexts } from './encode.js';
import { TextLoader } from './loader.js';
import { dropWords } from './word-dropout.js';

const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'b', '##c'];
const wordPiece = new WordPiece(vocabulary);
const [CLS, SEP, MASK, A] = [2, 3, 4, 5];

/** Pairs of 1 to 12 words, some of which the vocabulary has not. */
const examples = Array.from({ length: 240 }, (_, i) => ({
  sentence: 'a bc what b '.repeat(1 + (i % 3)),
  second: 'b '.repeat(i % 4),
  label: i % 2,
}));
const texts = encodeTexts({ examples, classes: ['no', 'yes'] }, wordPiece, { maxLength: 64 });

/** Each text's ids before and after, by its index. */
function dropped(share: number, { epoch = 0, seed = 7, batchSize = 16 } = {}) {
  const all = new Map<number, { before: number[]; after: number[] }>();
  for (const batch of new TextLoader(texts, { batchSize, seed: 1 }).epoch(epoch)) {
    const before = batch.ids.slice();
    dropWords(batch, wordPiece, epoch, { share, seed });
    batch.indices.forEach((index, row) => {
      const own = (ids: Int32Array) => [
        ...ids.subarray(row * batch.length, (row + 1) * batch.length),
      ];
      const pieces = own(batch.mask).lastIndexOf(1) + 1;
      expect(own(batch.ids).slice(pieces)).toEqual(own(before).slice(pieces));
      all.set(index, {
        before: own(before).slice(0, pieces),
        after: own(batch.ids).slice(0, pieces),
      });
    });
  }
  return all;
}

describe('word dropout', () => {
  it('hides pieces as [MASK], and none that is special', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.99, noNaN: true }), (share) => {
        for (const { before, after } of dropped(share).values()) {
          before.forEach((id, i) => {
            if (after[i] === id) return;
            expect(id).toBeGreaterThanOrEqual(A);
            expect(after[i]).toBe(MASK);
          });
          expect(after.filter((id) => id === CLS)).toHaveLength(1);
          expect(after.filter((id) => id === SEP)).toHaveLength(2);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('hides as many as is said', () => {
    let [ordinary, hidden] = [0, 0];
    for (let epoch = 0; epoch < 8; epoch++) {
      for (const { before, after } of dropped(0.3, { epoch }).values()) {
        ordinary += before.filter((id) => id >= A).length;
        hidden += after.filter((id) => id === MASK).length;
      }
    }
    // Five standard deviations of a binomial.
    expect(Math.abs(hidden / ordinary - 0.3)).toBeLessThan(5 * Math.sqrt(0.21 / ordinary));
  });

  it('depends on seed, epoch and text, not on the batch that the text is in', () => {
    const once = dropped(0.4);
    expect(dropped(0.4, { batchSize: 5 })).toEqual(once);
    expect(dropped(0.4, { epoch: 1 })).not.toEqual(once);
    expect(dropped(0.4, { seed: 8 })).not.toEqual(once);
    expect(new Set([...once.values()].map(({ after }) => after.join())).size).toBeGreaterThan(50);
  });

  it('of 0 changes nothing', () => {
    for (const { before, after } of dropped(0).values()) expect(after).toEqual(before);
  });

  it.each([-0.1, 1, NaN])('refuses a share of %s', (share) => {
    expect(() => dropped(share)).toThrow(/word dropout must be a number from 0 to less than 1/);
  });
});
