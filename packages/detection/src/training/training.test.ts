/** Matching, sampling, encoding and the targets made of them: tables by hand, plain formulas, and what must hold of any result. */
import { InputError } from '@surge-bnn/contract';
import { boxes as arithmetic } from '@surge-bnn/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stream } from '../testing/finite-differences.fixture.js';
import { anchorTargetDefaults, anchorTargets } from './anchor-targets.js';
import { defaultBoxTargets } from './default-box-targets.js';
import { encodeBoxes } from './encode.js';
import { BACKGROUND, BETWEEN, matchBoxes, matchDefaultBoxes } from './matcher.js';
import { regionTargetDefaults, regionTargets } from './region-targets.js';
import { balancedSample } from './sampler.js';
import { usableTruth } from './truth.js';

type Box = [number, number, number, number];
const flat = (...boxes: Box[]) => Float32Array.from(boxes.flat());
const none = new Float32Array(0);
const picture = { width: 100, height: 80 };

const solidBox = fc
  .tuple(
    fc.integer({ min: 0, max: 60 }),
    fc.integer({ min: 0, max: 60 }),
    fc.integer({ min: 1, max: 30 }),
    fc.integer({ min: 1, max: 30 }),
  )
  .map(([x, y, w, h]): Box => [x, y, x + w, y + h]);
const solidBoxes = (maxLength: number) => fc.array(solidBox, { maxLength });

function overlapOf([a1, b1, a2, b2]: Box, [c1, d1, c2, d2]: Box): number {
  const shared =
    Math.max(0, Math.min(a2, c2) - Math.max(a1, c1)) *
    Math.max(0, Math.min(b2, d2) - Math.max(b1, d1));
  return shared / ((a2 - a1) * (b2 - b1) + (c2 - c1) * (d2 - d1) - shared);
}

describe('encodeBoxes', () => {
  it('is what decodeBoxes undoes', () => {
    for (const weights of [
      [1, 1, 1, 1],
      [10, 10, 5, 5],
    ] as const) {
      fc.assert(
        fc.property(solidBox, solidBox, (anchor, truth) => {
          const deltas = encodeBoxes(flat(anchor), flat(truth), weights);
          const back = arithmetic.decodeBoxes(flat(anchor), deltas, weights);
          back.forEach((v, i) => expect(v).toBeCloseTo(truth[i], 3));
        }),
      );
    }
  });

  it('counts by hand', () => {
    // centre (20, 40) -> (30, 0), size 20 x 40 -> 40 x 20
    const deltas = encodeBoxes(flat([10, 20, 30, 60]), flat([10, -10, 50, 10]), [10, 10, 5, 5]);
    const expected = [5, -10, 5 * Math.log(2), 5 * Math.log(0.5)];
    expected.forEach((v, i) => expect(deltas[i]).toBeCloseTo(v, 5));
  });

  it('refuses boxes without area', () => {
    expect(() => encodeBoxes(flat([0, 0, 1, 1]), flat([3, 3, 3, 5]), [1, 1, 1, 1])).toThrow(
      'box 0 or its anchor has no area',
    );
    expect(() => encodeBoxes(flat([0, 0, 1, 1]), none, [1, 1, 1, 1])).toThrow('as many boxes');
  });
});

describe('matchBoxes', () => {
  const truth = flat([0, 0, 10, 10], [40, 40, 50, 60]);
  const candidates = flat(
    [0, 0, 10, 10], // 1 with object 0
    [0, 0, 10, 6], // 0.6
    [0, 0, 10, 4], // 0.4
    [0, 0, 10, 2], // 0.2
    [41, 40, 51, 46], // 54/206 with object 1, its best
    [39, 40, 49, 46], // the same
    [70, 70, 80, 80],
  );

  it.each([
    [{ high: 0.6, low: 0.4, keepBest: false }, [0, 0, BETWEEN, -1, -1, -1, -1]],
    [{ high: 0.7, low: 0.3, keepBest: false }, [0, BETWEEN, BETWEEN, -1, -1, -1, -1]],
    [{ high: 0.7, low: 0.3, keepBest: true }, [0, BETWEEN, BETWEEN, -1, 1, 1, -1]],
    [{ high: 0.5, low: 0.5, keepBest: false }, [0, 0, -1, -1, -1, -1, -1]],
  ])('%j', (options, expected) => {
    expect([...matchBoxes(truth, candidates, options)]).toEqual(expected);
  });

  it('makes all background without objects, and matches nothing to an object without area or far away', () => {
    const options = { high: 0.7, low: 0.3, keepBest: true };
    expect([...matchBoxes(none, candidates, options)]).toEqual(Array(7).fill(BACKGROUND));
    const odd = flat([5, 5, 5, 9], [500, 500, 600, 600]);
    expect([...matchBoxes(odd, candidates, options)]).toEqual(Array(7).fill(BACKGROUND));
    expect(matchBoxes(truth, none, options)).toHaveLength(0);
  });

  it('is torchvision’s Matcher, written with a whole table of overlaps', () => {
    fc.assert(
      fc.property(solidBoxes(4), solidBoxes(8), fc.boolean(), (objects, boxes, keepBest) => {
        const table = objects.map((object) => boxes.map((box) => overlapOf(object, box)));
        const expected = boxes.map((_, i) => {
          const column = table.map((row) => row[i]);
          const best = Math.max(...column);
          const object = column.indexOf(best);
          if (objects.length === 0) return -1;
          const isBest = table.some((row) => row[i] > 0 && row[i] === Math.max(...row));
          if (keepBest && isBest) return object;
          return best >= 0.5 ? object : best < 0.2 ? -1 : -2;
        });
        const options = { high: 0.5, low: 0.2, keepBest };
        expect([...matchBoxes(flat(...objects), flat(...boxes), options)]).toEqual(expected);
      }),
    );
  });
});

describe('matchDefaultBoxes', () => {
  it('gives each object its best box, the later object of two that claim one', () => {
    const boxes = flat([0, 0, 10, 10], [20, 0, 30, 10], [0, 50, 10, 60]);
    const objects = flat([20, 0, 30, 2], [21, 0, 31, 2], [0, 50, 10, 59]);
    expect([...matchDefaultBoxes(objects, boxes, 0.5)]).toEqual([-1, 1, 2]);
  });

  it('gives none to an object that no box overlaps', () => {
    expect([...matchDefaultBoxes(flat([70, 70, 80, 80]), flat([0, 0, 9, 9]), 0.5)]).toEqual([-1]);
    expect([...matchDefaultBoxes(none, flat([0, 0, 9, 9]), 0.5)]).toEqual([-1]);
  });
});

describe('balancedSample', () => {
  const matches = fc
    .array(fc.integer({ min: -2, max: 2 }), { maxLength: 60 })
    .map((all) => Int32Array.from(all));

  it('draws as many as it may, each once, ascending, positive ones up to their share', () => {
    fc.assert(
      fc.property(
        matches,
        fc.integer({ min: 0, max: 40 }),
        fc.constantFrom(0, 0.25, 0.5, 1),
        fc.nat(),
        (all, size, positiveShare, seed) => {
          const { positive, negative } = balancedSample(all, { size, positiveShare }, stream(seed));
          const [positives, negatives] = [
            all.filter((m) => m >= 0).length,
            all.filter((m) => m === -1).length,
          ];
          expect(positive).toHaveLength(Math.min(positives, Math.floor(size * positiveShare)));
          expect(negative).toHaveLength(Math.min(negatives, size - positive.length));
          for (const places of [positive, negative]) {
            expect([...places]).toEqual([...new Set(places)].sort((a, b) => a - b));
          }
          expect(positive.every((i) => all[i] >= 0)).toBe(true);
          expect(negative.every((i) => all[i] === -1)).toBe(true);
        },
      ),
    );
  });

  it('draws every candidate equally often, and the same ones from the same stream', () => {
    const all = new Int32Array(10).fill(BACKGROUND);
    const uniform = stream(1);
    const counts = new Int32Array(10);
    for (let run = 0; run < 4000; run++) {
      const { negative } = balancedSample(all, { size: 3, positiveShare: 0.5 }, uniform);
      negative.forEach((i) => counts[i]++);
    }
    // 1,200 expected, standard deviation 29
    expect(counts.every((n) => Math.abs(n - 1200) < 5 * 29)).toBe(true);
    const once = () => balancedSample(all, { size: 3, positiveShare: 0.5 }, stream(7));
    expect(once()).toEqual(once());
  });
});

describe('usableTruth', () => {
  it('clips, and leaves out what has no area in the picture', () => {
    const truth = {
      boxes: flat([-5, -5, 20, 20], [120, 0, 130, 10], [9, 9, 9, 30], [50, 50, 60, 60]),
      classes: Int32Array.of(1, 2, 3, 4),
    };
    const usable = usableTruth(truth, picture, 4, 'a.jpg');
    expect([...usable.boxes]).toEqual([0, 0, 20, 20, 50, 50, 60, 60]);
    expect([...usable.classes]).toEqual([1, 4]);
  });

  it.each([
    [flat([0, 0, NaN, 1]), [1], 'a.jpg: object 0 holds the coordinate NaN; all must be finite'],
    [flat([0, 0, 1, 1]), [3], 'a.jpg: object 0 is of class 3; allowed are 1 to 2'],
    [flat([0, 0, 1, 1]), [0], 'a.jpg: object 0 is of class 0; allowed are 1 to 2'],
    [flat([0, 0, 1, 1]), [], 'a.jpg: 4 box coordinates need 1 classes, got 0'],
  ])('refuses %j of classes %j', (boxes, classes, message) => {
    const check = () =>
      usableTruth({ boxes, classes: Int32Array.from(classes) }, picture, 2, 'a.jpg');
    expect(check).toThrow(InputError);
    expect(check).toThrow(message);
  });
});

const objects = { boxes: flat([10, 10, 30, 30], [50, 50, 70, 70]), classes: Int32Array.of(2, 1) };
const empty = { boxes: none, classes: new Int32Array(0) };

describe('anchorTargets', () => {
  const anchors = flat([10, 10, 30, 30], [50, 50, 70, 74], [0, 0, 5, 5], [10, 10, 30, 50]);

  it('draws anchors on objects and background, and encodes the objects', () => {
    const targets = anchorTargets(objects, anchors, anchorTargetDefaults, stream(1));
    expect([...targets.positive]).toEqual([0, 1]);
    expect([...targets.negative]).toEqual([2]); // the last one overlaps by 0.5: between
    const expected = [0, 0, 0, 0, 0, -2 / 24, 0, Math.log(20 / 24)];
    expected.forEach((v, i) => expect(targets.deltas[i]).toBeCloseTo(v, 6));
  });

  it('draws background alone from a picture without objects, nothing without anchors', () => {
    const targets = anchorTargets(empty, anchors, { ...anchorTargetDefaults, size: 3 }, stream(1));
    expect(targets.positive).toHaveLength(0);
    expect(targets.negative).toHaveLength(3);
    const nothing = anchorTargets(objects, none, anchorTargetDefaults, stream(1));
    expect([nothing.positive.length, nothing.negative.length, nothing.deltas.length]).toEqual([
      0, 0, 0,
    ]);
  });
});

describe('regionTargets', () => {
  it('adds the objects themselves, puts those on objects first', () => {
    const proposals = flat([0, 0, 5, 5], [12, 10, 32, 30]);
    const targets = regionTargets(objects, proposals, regionTargetDefaults, stream(1));
    expect([...targets.classes]).toEqual([2, 2, 1, 0]);
    expect([...targets.boxes]).toEqual([
      ...[12, 10, 32, 30],
      ...[10, 10, 30, 30],
      ...[50, 50, 70, 70],
      ...[0, 0, 5, 5],
    ]);
    const expected = [-1, 0, 0, 0, ...Array<number>(8).fill(0)];
    expected.forEach((v, i) => expect(targets.deltas[i]).toBeCloseTo(v, 6));
  });

  it('is content with no proposals and with no objects', () => {
    const alone = regionTargets(objects, none, regionTargetDefaults, stream(1));
    expect([...alone.classes]).toEqual([2, 1]);
    const background = regionTargets(empty, flat([0, 0, 5, 5]), regionTargetDefaults, stream(1));
    expect([...background.classes]).toEqual([0]);
    const nothing = regionTargets(empty, none, regionTargetDefaults, stream(1));
    expect(nothing.boxes).toHaveLength(0);
  });
});

describe('defaultBoxTargets', () => {
  it('labels every default box and encodes those on objects', () => {
    const defaults = flat([0, 0, 5, 5], [10, 10, 30, 26], [40, 40, 80, 80]);
    const targets = defaultBoxTargets(objects, defaults);
    expect([...targets.classes]).toEqual([0, 2, 1]);
    expect([...targets.positive]).toEqual([1, 2]);
    const expected = [
      ...[0, (10 * 2) / 16, 0, 5 * Math.log(20 / 16)],
      ...[0, 0, 5 * Math.log(0.5), 5 * Math.log(0.5)],
    ];
    expected.forEach((v, i) => expect(targets.deltas[i]).toBeCloseTo(v, 5));
  });

  it('labels all background without objects', () => {
    expect([...defaultBoxTargets(empty, flat([0, 0, 5, 5])).classes]).toEqual([0]);
  });
});
