import { WordPiece } from '@surge-bnn/runtime/text';
import { describe, expect, it } from 'vitest';
import { encodeTexts, idsOf } from './encode.js';
import { MaskedTextLoader, uniquePairs, uniqueSentences, type MaskedBatch } from './masking.js';

/** 200 words; the odd ones continue the one before. */
const words = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? `w${i}` : `##x${i}`));
const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '[unused0]', ...words];
const wordPiece = new WordPiece(vocabulary);

/** Word i is one or two pieces. */
const word = (i: number) => `w${2 * (i % 100)}${i % 3 === 0 ? `x${2 * (i % 100) + 1}` : ''}`;
const sentences = Array.from({ length: 300 }, (_, i) =>
  Array.from({ length: 1 + (i % 40) }, (_, k) => word(i * 31 + k * 7)).join(' '),
);
const encode = (list: readonly string[]) =>
  encodeTexts({ examples: list.map((sentence) => ({ sentence })), classes: [] }, wordPiece, {
    maxLength: 128,
  });
const texts = encode(sentences);
const loader = (options = {}) =>
  new MaskedTextLoader(texts, wordPiece, { batchSize: 16, seed: 3, ...options });

/** What stood there, put back. */
function restored({ ids, positions, targets }: MaskedBatch): Int32Array {
  const whole = ids.slice();
  positions.forEach((at, i) => (whole[at] = targets[i]));
  return whole;
}

describe('masked examples', () => {
  it('hide 15 % of each text, at least one piece, none that is special, and know what stood there', () => {
    const seen = new Set<number>();
    for (const batch of loader().epoch(0)) {
      const whole = restored(batch);
      batch.indices.forEach((index, row) => {
        seen.add(index);
        const own = idsOf(texts, index);
        const at = row * batch.length;
        expect(whole.subarray(at, at + own.length)).toEqual(own);
        const hidden = batch.positions.filter((p) => p >= at && p < at + batch.length);
        const pieces = own.length - 2;
        expect(hidden).toHaveLength(Math.max(1, Math.round(0.15 * pieces)));
        expect(hidden.every((p) => p > at && p < at + own.length - 1)).toBe(true);
      });
      expect(batch.positions).toEqual(batch.positions.slice().sort());
      const places = new Set(batch.positions);
      batch.ids.forEach((id, p) => {
        if (!places.has(p)) expect(id).toBe(whole[p]);
      });
    }
    expect(seen.size).toBe(300);
  });

  it('are 80 % [MASK], 10 % other pieces, 10 % as they were', () => {
    const count = { all: 0, mask: 0, same: 0 };
    for (let epoch = 0; epoch < 12; epoch++) {
      for (const { ids, positions, targets } of loader().epoch(epoch)) {
        positions.forEach((at, i) => {
          count.all++;
          if (ids[at] === 4) count.mask++;
          else if (ids[at] === targets[i]) count.same++;
          // A piece in its place is an ordinary one.
          else expect(ids[at]).toBeGreaterThan(5);
        });
      }
    }
    // Five standard deviations of a share p of n draws.
    const near = (share: number, p: number) =>
      expect(Math.abs(share - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / count.all));
    expect(count.all).toBeGreaterThan(9000);
    near(count.mask / count.all, 0.8);
    // One replacement in 200 is the piece itself.
    near(count.same / count.all, 0.1 + 0.1 / 200);
  });

  it('depend on seed, epoch and text alone', () => {
    const batches = (epoch: number, options = {}, first = 0) => [
      ...loader(options).epoch(epoch, first),
    ];
    expect(batches(1)).toEqual(batches(1));
    expect(batches(1, {}, 5)).toEqual(batches(1).slice(5));
    expect(batches(1)).not.toEqual(batches(2));
    // A text's holes are the same in batches of another size.
    const holes = (size: number) => {
      const found = new Map<number, number[]>();
      for (const { indices, positions, length } of loader({ batchSize: size }).epoch(4)) {
        indices.forEach((index, row) => {
          const own = positions.filter((p) => Math.floor(p / length) === row);
          found.set(index, [...own.map((p) => p % length)]);
        });
      }
      return [...found].sort(([a], [b]) => a - b);
    };
    expect(holes(7)).toEqual(holes(32));
  });

  it('hide words with all their pieces where that is asked for', () => {
    let whole = 0;
    for (const batch of loader({ wholeWords: true }).epoch(0)) {
      const before = restored(batch);
      const hidden = new Set(batch.positions);
      for (const at of hidden) {
        if (wordPiece.continues(before[at])) expect(hidden.has(at - 1)).toBe(true);
        if (wordPiece.continues(before[at + 1] ?? 0)) {
          whole++;
          expect(hidden.has(at + 1)).toBe(true);
        }
      }
    }
    expect(whole).toBeGreaterThan(50);
  });

  it('leave out texts without pieces, and refuse to have none at all', () => {
    const some = encode(['w0', '', '?', 'w2']);
    const masked = new MaskedTextLoader(some, wordPiece, { batchSize: 2, seed: 1 });
    expect([masked.leftOut, masked.textsPerEpoch]).toEqual([2, 2]);
    const indices = [...masked.epoch(0)].flatMap((batch) => [...batch.indices]);
    expect(indices.sort()).toEqual([0, 3]);
    const make =
      (list: string[], options = {}) =>
      () =>
        new MaskedTextLoader(encode(list), wordPiece, { batchSize: 2, seed: 1, ...options });
    expect(make([''])).toThrow(/no text has a piece/);
    expect(make(['w0'], { share: 0 })).toThrow(/share must be a number above 0 and at most 1/);
  });
});

it('sentences of several sets come once, blank ones never', () => {
  const sets = [
    {
      examples: [
        { sentence: 'a ', second: 'b', label: 1 },
        { sentence: 'a', second: ' ' },
      ],
    },
    { examples: [{ sentence: 'b' }, { sentence: 'c' }] },
  ];
  expect(uniqueSentences(sets)).toEqual({
    examples: [{ sentence: 'a' }, { sentence: 'b' }, { sentence: 'c' }],
    classes: [],
  });
});

it('pairs of several sets come once, those that are none never', () => {
  const sets = [
    {
      examples: [
        { sentence: 'a ', second: 'b', label: 1 },
        { sentence: 'b', second: 'a' },
        { sentence: 'a', second: ' ' },
      ],
    },
    { examples: [{ sentence: 'a', second: ' b' }, { sentence: 'c' }] },
  ];
  expect(uniquePairs(sets)).toEqual({
    examples: [
      { sentence: 'a', second: 'b' },
      { sentence: 'b', second: 'a' },
    ],
    classes: [],
  });
});
