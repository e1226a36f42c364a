import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confusionCsv } from './confusion.js';
import { Tally } from './tally.js';

describe('Tally', () => {
  it('counts as sorting does, over batches of any size', () => {
    const picture = fc.record({
      // Few values: ties are common.
      logits: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 7, maxLength: 7 }),
      label: fc.integer({ min: 0, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(picture, { minLength: 1 }), fc.integer({ min: 1, max: 4 }), (all, n) => {
        const tally = new Tally(7);
        for (let i = 0; i < all.length; i += n) {
          const batch = all.slice(i, i + n);
          tally.add(
            batch.flatMap(({ logits }) => logits),
            Int32Array.from(batch, ({ label }) => label),
          );
        }
        // Descending, the smaller class first among equals.
        const orders = all.map(({ logits }) =>
          logits.map((_, c) => c).sort((a, b) => logits[b] - logits[a] || a - b),
        );
        const among = (k: number) =>
          all.filter(({ label }, i) => orders[i].slice(0, k).includes(label)).length;
        expect(tally.correct).toBe(among(1));
        expect(tally.top5).toBe(among(5) / all.length);
        const expected = Array.from({ length: 7 }, (_, truth) =>
          Array.from(
            { length: 7 },
            (_, guess) =>
              all.filter((one, i) => one.label === truth && orders[i][0] === guess).length,
          ),
        );
        expect(tally.confusion).toEqual(expected);
      }),
    );
  });

  it('has no top-5 where all classes are among five', () => {
    const tally = new Tally(5);
    tally.add([1, 2, 3, 4, 5], Int32Array.of(0));
    expect(tally.top5).toBeUndefined();
  });
});

it('writes the confusion as CSV that spreadsheets read', () => {
  const csv = confusionCsv(
    [
      [3, 1],
      [0, 2],
    ],
    ['cat, "big"', 'dog'],
  );
  expect(csv).toBe('true \\ predicted,"cat, ""big""",dog\n"cat, ""big""",3,1\ndog,0,2\n');
});
