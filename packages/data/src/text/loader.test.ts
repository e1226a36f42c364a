import { WordPiece } from '@surge-bnn/runtime/text';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeTexts } from './encode.js';
import { TextLoader, type TextLoaderOptions } from './loader.js';
import type { TextExample } from './types.js';

/** Ids are places. */
const smallVocabulary = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
  ...['the', 'cat', 'a', '##a', 'b', '##b'],
];
const wordPiece = new WordPiece(smallVocabulary);

/** Texts of 1 to 20 pieces; the label is the index. */
function texts(count: number, pairs = false, classes: readonly string[] = ['no', 'yes']) {
  const examples: TextExample[] = Array.from({ length: count }, (_, i) => ({
    sentence: 'a '.repeat(1 + ((i * 7) % 20)),
    ...(pairs ? { second: 'b '.repeat(i % 5) } : {}),
    label: classes.length > 0 ? i : i / 2,
  }));
  return encodeTexts({ examples, classes }, wordPiece, { maxLength: 64 });
}

const all = (loader: TextLoader, epoch: number) => [...loader.epoch(epoch)];

describe('batches', () => {
  it('are padded to their longest, with types and mask', () => {
    const examples = [
      { sentence: 'the cat', second: 'a', label: 1 },
      { sentence: 'a', second: 'b', label: 0 },
    ];
    const encoded = encodeTexts({ examples, classes: ['x', 'y'] }, wordPiece, { maxLength: 9 });
    const [batch] = all(new TextLoader(encoded, { batchSize: 2, seed: 1, shuffle: false }), 0);
    const id = (piece: string) => smallVocabulary.indexOf(piece);
    expect(batch).toEqual({
      ids: Int32Array.from(
        [
          '[CLS]',
          'the',
          'cat',
          '[SEP]',
          'a',
          '[SEP]',
          '[CLS]',
          'a',
          '[SEP]',
          'b',
          '[SEP]',
          '[PAD]',
        ].map(id),
      ),
      types: Int32Array.from([0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0]),
      mask: Int32Array.from([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]),
      labels: Int32Array.from([1, 0]),
      indices: Int32Array.from([0, 1]),
      count: 2,
      length: 6,
    });
  });

  it('have scores as float32, and no labels where there are none', () => {
    const scores = texts(3, true, []);
    const [batch] = all(new TextLoader(scores, { batchSize: 3, seed: 1 }), 0);
    expect(batch.labels).toBeInstanceOf(Float32Array);
    expect([...(batch.labels ?? [])]).toEqual(Array.from(batch.indices, (i) => i / 2));
    const bare = encodeTexts({ examples: [{ sentence: 'a' }], classes: [] }, wordPiece, {
      maxLength: 9,
    });
    expect(all(new TextLoader(bare, { batchSize: 3, seed: 1 }), 0)[0]).not.toHaveProperty('labels');
  });

  it('hold every text once, whatever the numbers; from any batch on the same', () => {
    const numbers = fc.record({
      count: fc.integer({ min: 1, max: 70 }),
      batchSize: fc.integer({ min: 1, max: 12 }),
      pool: fc.integer({ min: 1, max: 5 }),
      seed: fc.integer(),
      shuffle: fc.boolean(),
      dropLast: fc.boolean(),
    });
    fc.assert(
      fc.property(numbers, ({ count, ...options }) => {
        const encoded = texts(count, true);
        const loader = new TextLoader(encoded, options);
        const batches = all(loader, 3);
        const expected = options.dropLast
          ? Math.floor(count / options.batchSize)
          : Math.ceil(count / options.batchSize);
        expect([batches.length, loader.batchesPerEpoch]).toEqual([expected, expected]);
        const seen = batches.flatMap(({ indices }) => [...indices]);
        expect(seen).toHaveLength(loader.textsPerEpoch);
        expect(new Set(seen).size).toBe(seen.length);
        if (!options.dropLast) expect(seen).toHaveLength(count);
        batches.slice(0, -1).forEach((batch) => expect(batch.count).toBe(options.batchSize));
        for (const { ids, mask, labels, indices, length, count: rows } of batches) {
          expect(ids).toHaveLength(rows * length);
          const lengths = Array.from(indices, (i) => encoded.offsets[i + 1] - encoded.offsets[i]);
          expect(length).toBe(Math.max(...lengths));
          expect(mask.reduce((sum, one) => sum + one, 0)).toBe(lengths.reduce((sum, n) => sum + n));
          expect([...(labels ?? [])]).toEqual([...indices]);
        }
        expect([...new TextLoader(encoded, options).epoch(3, 1)]).toEqual(batches.slice(1));
      }),
      { numRuns: 60 },
    );
  });

  it('are others in another epoch and with another seed', () => {
    const encoded = texts(60);
    const order = (seed: number, epoch: number) =>
      all(new TextLoader(encoded, { batchSize: 4, seed }), epoch).map(({ indices }) => [
        ...indices,
      ]);
    expect(order(1, 0)).toEqual(order(1, 0));
    expect(order(1, 0)).not.toEqual(order(1, 1));
    expect(order(1, 0)).not.toEqual(order(2, 0));
  });

  it('pad little, and do not come sorted by length', () => {
    const encoded = texts(800);
    const cells = (pool: number) => {
      const batches = all(new TextLoader(encoded, { batchSize: 8, seed: 1, pool }), 0);
      return batches.reduce((sum, { count, length }) => sum + count * length, 0);
    };
    expect(cells(50) / encoded.ids.length).toBeLessThan(1.05);
    expect(cells(1) / encoded.ids.length).toBeGreaterThan(1.4);
    const lengths = all(new TextLoader(encoded, { batchSize: 8, seed: 1 }), 0).map(
      (one) => one.length,
    );
    const falls = lengths.filter((length, i) => i > 0 && length < lengths[i - 1]).length;
    expect(falls).toBeGreaterThan(25);
    expect(falls).toBeLessThan(75);
  });

  it('without shuffling and pools have the order of the set', () => {
    const loader = new TextLoader(texts(10), { batchSize: 4, seed: 1, shuffle: false, pool: 1 });
    expect(all(loader, 5).flatMap(({ indices }) => [...indices])).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it('have the length that is asked for, or a multiple', () => {
    const fixed = all(new TextLoader(texts(30), { batchSize: 4, seed: 1, length: 24 }), 0);
    expect(new Set(fixed.map(({ length }) => length))).toEqual(new Set([24]));
    const multiples = all(new TextLoader(texts(30), { batchSize: 4, seed: 1, padMultiple: 8 }), 0);
    expect(multiples.every(({ length }) => length % 8 === 0)).toBe(true);
  });
});

describe('refused', () => {
  it.each<[Partial<TextLoaderOptions>, RegExp]>([
    [{ batchSize: 0 }, /batchSize must be an integer of at least 1/],
    [{ pool: 0.5 }, /pool must be an integer of at least 1/],
    [{ seed: Number.NaN }, /seed must be a finite number/],
    [{ padMultiple: 0 }, /padMultiple must be/],
    [{ length: 5 }, /length must be an integer of at least 22, the longest text, got 5/],
    [{ length: 64, padMultiple: 8 }, /exclude each other/],
  ])('%j', (options, message) => {
    expect(() => new TextLoader(texts(30), { batchSize: 4, seed: 1, ...options })).toThrow(message);
  });

  it('epochs that are none, no texts, labels on some', () => {
    const loader = new TextLoader(texts(3), { batchSize: 4, seed: 1 });
    expect(() => all(loader, -1)).toThrow(/epoch must be an integer of at least 0/);
    const encode = (examples: TextExample[]) => () =>
      encodeTexts({ examples, classes: ['a'] }, wordPiece, { maxLength: 8 });
    expect(encode([])).toThrow(/no texts/);
    expect(encode([{ sentence: 'a', label: 0 }, { sentence: 'b' }])).toThrow(
      /1 of 2 texts have a label/,
    );
  });

  it('counts what was cut and what is unknown', () => {
    const examples = [{ sentence: 'a a a a a a x' }, { sentence: 'x y' }];
    const encoded = encodeTexts({ examples, classes: [] }, wordPiece, { maxLength: 6 });
    expect([encoded.truncated, encoded.unknown, encoded.longest]).toEqual([1, 2, 6]);
  });
});
