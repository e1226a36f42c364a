/** Suppression: a plain implementation, and what must hold of any result. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestFirst } from './best.js';
import { countedOverlap, flat, solidBox, type Box } from './boxes.fixture.js';
import { suppressOverlaps } from './suppression.js';

/** Scores with many ties. */
const scored = fc.array(
  fc.tuple(solidBox, fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 2 })),
  { maxLength: 12 },
);
const thresholds = fc.constantFrom(0, 0.3, 0.5, 0.9);

describe('suppressOverlaps', () => {
  it('keeps no two overlapping boxes of a group; what goes overlaps a better one that stays', () => {
    fc.assert(
      fc.property(scored, thresholds, (entries, threshold) => {
        const boxes = entries.map(([b]) => b);
        const scores = entries.map(([, s]) => s / 8);
        const groups = entries.map(([, , g]) => g);
        const kept = [
          ...suppressOverlaps(flat(boxes), Float32Array.from(scores), {
            threshold,
            groups: Int32Array.from(groups),
          }),
        ];
        const better = (i: number, j: number) =>
          scores[i] > scores[j] || (scores[i] === scores[j] && i < j);
        const rivals = (i: number, j: number) =>
          groups[i] === groups[j] && countedOverlap(boxes[i], boxes[j]) > threshold;
        kept.forEach((i, n) => {
          for (const j of kept.slice(n + 1)) {
            expect(better(i, j)).toBe(true);
            expect(rivals(i, j)).toBe(false);
          }
        });
        entries.forEach((_, i) => {
          if (!kept.includes(i)) expect(kept.some((j) => better(j, i) && rivals(j, i))).toBe(true);
        });
      }),
      { numRuns: 60 },
    );
  });

  const boxes: Box[] = [
    [0, 0, 10, 10],
    [1, 0, 11, 10], // 9/11 with the first
    [0, 0, 10, 10],
    [20, 20, 30, 30],
  ];
  const scores = Float32Array.from([0.5, 0.75, 0.5, 0.125]);

  it.each([
    ['one group', { threshold: 0.5 }, [1, 3]],
    ['by class', { threshold: 0.5, groups: Int32Array.of(0, 1, 0, 1) }, [1, 0, 3]],
    ['an overlap at the threshold stays', { threshold: 9 / 11 }, [1, 0, 3]],
    ['the best two', { threshold: 1, most: 2 }, [1, 0]],
    ['none', { threshold: 0.5, most: 0 }, []],
  ])('%s', (_, options, expected) => {
    expect([...suppressOverlaps(flat(boxes), scores, options)]).toEqual(expected);
  });

  it('takes no box at all, keeps boxes without area, refuses a NaN and a missing score', () => {
    const none = new Float32Array(0);
    expect(suppressOverlaps(none, none, { threshold: 0.5 })).toHaveLength(0);
    const point = flat([
      [5, 5, 5, 5],
      [5, 5, 5, 5],
    ]);
    expect([...suppressOverlaps(point, Float32Array.of(1, 2), { threshold: 0 })]).toEqual([1, 0]);
    expect(() => suppressOverlaps(point, Float32Array.of(1, NaN), { threshold: 0 })).toThrow(
      'score 1 is NaN',
    );
    expect(() => suppressOverlaps(point, Float32Array.of(1), { threshold: 0 })).toThrow(
      '2 boxes need as many scores and groups, got 1 and no groups',
    );
  });
});

it('orders the best scores, equal ones by their place', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 20 }),
      fc.integer({ min: 0, max: 25 }),
      (scores, count) => {
        const expected = scores
          .map((score, place) => ({ score, place }))
          .sort((a, b) => b.score - a.score || a.place - b.place)
          .slice(0, count)
          .map(({ place }) => place);
        expect([...bestFirst(Float32Array.from(scores), count)]).toEqual(expected);
      },
    ),
  );
});
