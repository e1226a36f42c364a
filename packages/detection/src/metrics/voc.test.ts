import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import {
  countedOverlap,
  detectionsOf,
  drawnPictures,
  truthOf,
  type Find,
  type Thing,
} from './metrics.fixture.js';
import { vocMeanAveragePrecision } from './voc.js';

interface Picture {
  readonly things: readonly Thing[];
  readonly finds: readonly Find[];
}

const voc = (
  pictures: readonly Picture[],
  options: Partial<Parameters<typeof vocMeanAveragePrecision>[2]> = {},
) =>
  vocMeanAveragePrecision(
    pictures.map(({ things }) => truthOf(things)),
    pictures.map(({ finds }) => detectionsOf(finds)),
    { classes: 1, ...options },
  );

/** Ten squares in a row; detections of some of them, and of nothing. */
const square = (i: number) => [20 * i, 0, 20 * i + 10, 10] as const;
const nothing = (i: number) => [20 * i, 50, 20 * i + 10, 60] as const;

/**
 * The same number from its definition: AP is the mean, over the objects, of the best precision among all cuts of the
 * ranking that find at least so many of them; eleven points ask for a share instead. Overlaps are counted.
 */
function slowAveragePrecision(pictures: readonly Picture[], label: number, points?: 11) {
  const finds = pictures.flatMap(({ finds: some }, picture) =>
    some.filter((one) => one.label === label).map((one) => ({ ...one, picture })),
  );
  const ranked = finds.map((find, place) => ({ find, place }));
  ranked.sort((a, b) => b.find.score - a.find.score || a.place - b.place);
  const had = new Set<Thing>();
  const verdicts: boolean[] = [];
  for (const { find } of ranked) {
    const overlaps = pictures[find.picture].things
      .filter((thing) => thing.label === label)
      .map((thing) => ({ thing, overlap: countedOverlap(find.box, thing.box) }));
    const most = Math.max(0, ...overlaps.map(({ overlap }) => overlap));
    const target = overlaps.find(({ overlap }) => overlap === most && most >= 0.5)?.thing;
    if (target?.difficult === true) continue;
    verdicts.push(target !== undefined && !had.has(target));
    if (target !== undefined) had.add(target);
  }
  const objects = pictures
    .flatMap(({ things }) => things)
    .filter((thing) => thing.label === label && thing.difficult !== true).length;
  if (objects === 0) return null;
  const cuts = verdicts.map((_, i) => {
    const right = verdicts.slice(0, i + 1).filter((one) => one).length;
    return { right, precision: right / (i + 1) };
  });
  const bestFrom = (enough: (right: number) => boolean) =>
    Math.max(0, ...cuts.filter(({ right }) => enough(right)).map(({ precision }) => precision));
  const wanted =
    points === undefined
      ? Array.from({ length: objects }, (_, k) => (right: number) => right >= k + 1)
      : Array.from({ length: 11 }, (_, t) => (right: number) => 10 * right >= t * objects);
  return wanted.reduce((sum, enough) => sum + bestFrom(enough), 0) / wanted.length;
}

describe('vocMeanAveragePrecision', () => {
  it('by hand: right, wrong, right, of four objects', () => {
    const picture = {
      things: [0, 1, 2, 3].map((i) => ({ box: square(i) })),
      finds: [
        { box: square(0), score: 0.9 },
        { box: nothing(0), score: 0.8 },
        { box: square(1), score: 0.7 },
      ],
    };
    // Precision 1, 1/2, 2/3 at recall 1/4, 1/4, 1/2; the best at or beyond: 1, 2/3, 2/3.
    const area = voc([picture]);
    expect(area.meanAveragePrecision).toBeCloseTo(0.25 * 1 + 0.25 * (2 / 3), 12);
    expect(area.classes[0]).toMatchObject({ objects: 4, right: 2, wrong: 1 });
    expect([...area.classes[0].curve.recall]).toEqual([0.25, 0.25, 0.5]);
    // Recalls 0, 0.1, 0.2 have 1; 0.3, 0.4, 0.5 have 2/3; the other five nothing.
    const points = voc([picture], { method: '11-point' });
    expect(points.meanAveragePrecision).toBeCloseTo((3 + 3 * (2 / 3)) / 11, 12);
  });

  it('an object counts once: the second detection of it is wrong', () => {
    const finds = [0.9, 0.8].map((score) => ({ box: square(0), score }));
    const [only] = voc([{ things: [{ box: square(0) }], finds }]).classes;
    expect(only).toMatchObject({ averagePrecision: 1, right: 1, wrong: 1 });
  });

  it('difficult objects neither count nor punish, however often they are detected', () => {
    const things = [{ box: square(0) }, { box: square(1), difficult: true }];
    const hard = [0.9, 0.8].map((score) => ({ box: square(1), score }));
    const [only] = voc([{ things, finds: [...hard, { box: square(0), score: 0.1 }] }]).classes;
    expect(only).toMatchObject({ averagePrecision: 1, objects: 1, right: 1, wrong: 0 });
  });

  it('an overlap of exactly one half is enough', () => {
    const half = { box: [0, 0, 5, 10], score: 1 } as const;
    expect(voc([{ things: [{ box: square(0) }], finds: [half] }]).meanAveragePrecision).toBe(1);
    const less = voc([{ things: [{ box: square(0) }], finds: [half] }], { minOverlap: 0.51 });
    expect(less.meanAveragePrecision).toBe(0);
  });

  it('a detection belongs to the object it overlaps most, also when that is taken', () => {
    const things = [{ box: [0, 0, 10, 10] }, { box: [2, 0, 12, 10] }] as const;
    const finds = [
      { box: [0, 0, 10, 10], score: 0.9 },
      { box: [0, 0, 10, 9], score: 0.8 }, // overlaps the second one by more than a half, too
    ] as const;
    expect(voc([{ things, finds }]).classes[0]).toMatchObject({ right: 1, wrong: 1 });
  });

  it('equal scores count in the order of the pictures', () => {
    const right = { things: [{ box: square(0) }], finds: [{ box: square(0), score: 0.5 }] };
    const wrong = { things: [], finds: [{ box: nothing(0), score: 0.5 }] };
    expect(voc([right, wrong]).meanAveragePrecision).toBe(1);
    expect(voc([wrong, right]).meanAveragePrecision).toBe(0.5);
  });

  it('no detections: 0; no truth: null, and out of the mean', () => {
    const things = [{ box: square(0) }];
    expect(voc([{ things, finds: [] }]).meanAveragePrecision).toBe(0);
    expect(voc([{ things: [], finds: [] }]).meanAveragePrecision).toBeNull();
    expect(voc([]).meanAveragePrecision).toBeNull();
    const finds = [
      { box: square(0), score: 1 },
      { box: square(0), score: 1, label: 1 },
    ];
    const two = voc([{ things, finds }], { classes: 2 });
    expect(two.meanAveragePrecision).toBe(1);
    expect(two.classes[1]).toMatchObject({ averagePrecision: null, objects: 0, wrong: 1 });
    expect([...two.classes[1].curve.recall, ...two.classes[1].curve.precision]).toEqual([0, 0]);
    const hard = voc([{ things: [{ box: square(0), difficult: true }], finds: [] }]);
    expect(hard.meanAveragePrecision).toBeNull();
  });

  it('is the definition, on drawn pictures with ties', () => {
    fc.assert(
      fc.property(drawnPictures, (pictures) => {
        for (const method of ['area', '11-point'] as const) {
          const { classes } = voc(pictures, { classes: 2, method });
          classes.forEach(({ averagePrecision: ap }, label) => {
            const slow = slowAveragePrecision(pictures, label, method === 'area' ? undefined : 11);
            if (slow === null) expect(ap).toBeNull();
            else expect(ap).toBeCloseTo(slow, 12);
          });
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [{ boxes: [0, 0, 1], scores: [1], classes: [0] }, /picture 0: boxes must have four numbers/],
    [{ boxes: [2, 0, 1, 1], scores: [1], classes: [0] }, /box 0 must have finite x1 <= x2/],
    [{ boxes: [NaN, 0, 1, 1], scores: [1], classes: [0] }, /box 0 must have finite/],
    [{ boxes: [0, 0, 1, 1], scores: [NaN], classes: [0] }, /score 0 must be finite, got NaN/],
    [{ boxes: [0, 0, 1, 1], scores: [], classes: [0] }, /scores must be as many as the boxes, 1/],
    [{ boxes: [0, 0, 1, 1], scores: [1], classes: [1] }, /class 0 must be an integer in 0 to 0/],
  ])('refuses %j', (detections, message) => {
    const judge = () => vocMeanAveragePrecision([truthOf([])], [detections], { classes: 1 });
    expect(judge).toThrow(InputError);
    expect(judge).toThrow(message);
  });

  it('refuses lists of different lengths and options out of range', () => {
    const judge = (options: object) => () =>
      vocMeanAveragePrecision([], [], { classes: 1, ...options });
    expect(() => vocMeanAveragePrecision([truthOf([])], [], { classes: 1 })).toThrow(/1 pictures/);
    expect(judge({ classes: 0 })).toThrow(/classes must be an integer of at least 1/);
    expect(judge({ minOverlap: 0 })).toThrow(/minOverlap must be above 0/);
    expect(judge({ method: 'eleven' })).toThrow(/unknown method .* "eleven"/);
    expect(judge({ minOverlpa: 0.5 })).toThrow(/of vocMeanAveragePrecision "minOverlpa"/);
  });
});
