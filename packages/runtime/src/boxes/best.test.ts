/** The order of scores against a plain sort, and the memory of all choices against what they allocate. */
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bestFirst } from './best.js';
import { detectionBytes, selectDetections } from './detections.js';
import { NotFiniteError } from './not-finite.js';
import { proposalBytes, selectProposals } from './proposals.js';

describe('bestFirst', () => {
  const score = fc.oneof(
    fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity, 2 ** -149, -(2 ** -149)),
    fc.float({ noNaN: true }),
  );

  it('is a sort that leaves equals in their order, to its count', () => {
    fc.assert(
      fc.property(fc.array(score), fc.nat(20), (scores, count) => {
        const places = scores.map((_, i) => i);
        places.sort((i, j) => (scores[i] === scores[j] ? i - j : scores[i] > scores[j] ? -1 : 1));
        const given = Float32Array.from(scores);
        expect([...bestFirst(given)]).toEqual(places);
        expect([...bestFirst(given, count)]).toEqual(places.slice(0, count));
      }),
    );
  });

  it('has no place for a NaN', () => {
    expect(() => bestFirst(Float32Array.of(1, NaN))).toThrow(NotFiniteError);
  });
});

describe('memory', () => {
  afterEach(() => void vi.unstubAllGlobals());

  /** Bytes of all numbers that `work` makes, but for those in arrays that grow. */
  function made(work: () => void): number {
    let bytes = 0;
    const counting = <T extends new (...given: never[]) => ArrayBufferView>(kind: T): T =>
      new Proxy(kind, {
        construct: (target, given: unknown[], self) => {
          const one: unknown = Reflect.construct(target, given, self);
          if (!ArrayBuffer.isView(one)) throw new Error('no array was made');
          if (!(given[0] instanceof ArrayBuffer)) bytes += one.byteLength;
          return one;
        },
      });
    vi.stubGlobal('Float32Array', counting(Float32Array));
    vi.stubGlobal('Int32Array', counting(Int32Array));
    vi.stubGlobal('BigUint64Array', counting(BigUint64Array));
    work();
    vi.unstubAllGlobals();
    return bytes;
  }
  const noise = (length: number) =>
    Float32Array.from({ length }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 0) / 2 ** 32);
  /** One behind the other, so that all stay. */
  const apart = (count: number) =>
    Float32Array.from({ length: 4 * count }, (_, i) => (i >> 2) + (i % 4 > 1 ? 1 : 0));
  /** A few single numbers. */
  const slack = 1000;

  it.each([
    [1000, 2, Infinity, Infinity],
    [1000, 2, 300, 200],
    [400, 30, Infinity, 1e5],
    [400, 30, 50, 100],
  ])(
    'of %i rows and %i classes, %f of each, is what it is said to be',
    (rows, classes, perClass, most) => {
      const boxes = apart(rows);
      const scores = noise(rows * classes);
      const options = { leastScore: 0, threshold: 0.5, most, perClass };
      let found = 0;
      const bytes = made(() => {
        found = selectDetections(boxes, scores, classes, options).scores.length;
      });
      expect(found).toBe(Math.min(most, (classes - 1) * Math.min(rows, perClass)));
      // Every class but the one that is counted: its order, which is let go.
      const passing = (classes - 2) * 12 * Math.min(rows, perClass);
      const said = detectionBytes(rows, classes, options);
      expect(bytes).toBeLessThan(said + passing + slack * classes);
      expect(bytes).toBeGreaterThan((said + passing) / 2);
    },
  );

  it.each([
    [[900, 100], 1000, 1000],
    [[900, 100], 200, 1000],
    [[900, 100], 200, 50],
  ])(
    'of levels of %j anchors, the best %i and %i, is what it is said to be',
    (counts, before, after) => {
      const levels = counts.map((count) => ({
        anchors: apart(count),
        objectness: noise(count),
        deltas: new Float32Array(4 * count),
      }));
      const weights = [1, 1, 1, 1] as const;
      const options = { before, after, threshold: 0.7, smallest: 0, weights };
      let found = 0;
      const bytes = made(() => {
        found = selectProposals(levels, { width: 1000, height: 1000 }, options).scores.length;
      });
      expect(found).toBeGreaterThan(0);
      const said = proposalBytes(counts, options);
      expect(bytes).toBeLessThan(said + slack);
      expect(bytes).toBeGreaterThan(said / 2);
    },
  );
});
