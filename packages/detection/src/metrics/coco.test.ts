import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import type { PictureDetections, PictureTruth } from './boxes.js';
import { cocoMetrics, type CocoMetrics } from './coco.js';
import {
  countedOverlap,
  detectionsOf,
  drawnPictures,
  truthOf,
  type Find,
  type Thing,
} from './metrics.fixture.js';

interface Picture {
  readonly things: readonly Thing[];
  readonly finds: readonly Find[];
}

const coco = (pictures: readonly Picture[], classes = 1, most?: [number, number, number]) =>
  cocoMetrics(
    pictures.map(({ things }) => truthOf(things)),
    pictures.map(({ finds }) => detectionsOf(finds)),
    { classes, ...(most === undefined ? {} : { maxDetections: most }) },
  );

const statistics = (metrics: CocoMetrics) => {
  const { ap, ap50, ap75, apSmall, apMedium, apLarge, ar, arSmall, arMedium, arLarge } = metrics;
  return [ap, ap50, ap75, apSmall, apMedium, apLarge, ...ar, arSmall, arMedium, arLarge];
};

function expectAll(
  actual: readonly (number | null)[],
  expected: readonly (number | null)[],
  digits = 12,
): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    const wanted = expected[i];
    if (wanted === null || value === null) expect([i, value]).toEqual([i, wanted]);
    else expect(value, `number ${i}`).toBeCloseTo(wanted, digits);
  });
}

/** Made by coco.pycocotools.py. */
const golden = JSON.parse(
  readFileSync(new URL('./coco.pycocotools.json', import.meta.url), 'utf8'),
) as readonly {
  readonly classes: number;
  readonly truth: readonly PictureTruth[];
  readonly detections: readonly PictureDetections[];
  readonly expected: {
    readonly stats: readonly (number | null)[];
    readonly classes: readonly (number | null)[];
  };
}[];

/** All twelve numbers of one class from their definitions: no sorting of curves, overlaps by counting squares. */
function slow(pictures: readonly Picture[], label: number): (number | null)[] {
  const range = (name: 'all' | 'small' | 'medium' | 'large', area: number) =>
    ({ all: true, small: area <= 1024, medium: area >= 1024 && area <= 9216, large: area >= 9216 })[
      name
    ];
  const at = (threshold: number, name: 'all' | 'small' | 'medium' | 'large', most: number) => {
    const ranked: { score: number; fate: 'right' | 'wrong' | 'ignored' }[] = [];
    let objects = 0;
    for (const { things, finds } of pictures) {
      const counts = (thing: Thing) => thing.crowd !== true && range(name, thing.area ?? NaN);
      const mine = things.filter((thing) => thing.label === label);
      objects += mine.filter(counts).length;
      const free = new Set(mine);
      const found = finds.filter((find) => find.label === label);
      const best = found.map((find, i) => ({ find, i }));
      best.sort((a, b) => b.find.score - a.find.score || a.i - b.i);
      for (const { find } of best.slice(0, most)) {
        // Of what it overlaps enough, the free object that counts and overlaps most, else the one to be ignored.
        const fitting = mine
          .filter((thing) => free.has(thing))
          .map((thing) => ({
            thing,
            overlap: countedOverlap(find.box, thing.box, thing.crowd === true),
          }))
          .filter(({ overlap }) => overlap >= threshold);
        const choice = [fitting.filter(({ thing }) => counts(thing)), fitting].find(
          (some) => some.length > 0,
        );
        const most = Math.max(...(choice ?? []).map(({ overlap }) => overlap));
        const taken = choice?.findLast(({ overlap }) => overlap === most)?.thing;
        if (taken !== undefined && taken.crowd !== true) free.delete(taken);
        const [x1, y1, x2, y2] = find.box;
        const isOther = !range(name, (x2 - x1) * (y2 - y1));
        const isIgnored = taken === undefined ? isOther : !counts(taken);
        ranked.push({
          score: find.score,
          fate: isIgnored ? 'ignored' : taken === undefined ? 'wrong' : 'right',
        });
      }
    }
    if (objects === 0) return null;
    const places = ranked.map((one, i) => ({ ...one, i }));
    places.sort((a, b) => b.score - a.score || a.i - b.i);
    const cuts = places.map((_, i) => {
      const before = places.slice(0, i + 1);
      const right = before.filter(({ fate }) => fate === 'right').length;
      const counted = before.filter(({ fate }) => fate !== 'ignored').length;
      return { right, precision: counted === 0 ? 0 : right / counted };
    });
    let sum = 0;
    for (let percent = 0; percent <= 100; percent++) {
      const enough = cuts.filter(({ right }) => right / objects >= percent * 0.01);
      sum += Math.max(0, ...enough.map(({ precision }) => precision));
    }
    return { precision: sum / 101, recall: (cuts.at(-1)?.right ?? 0) / objects };
  };
  const over = (
    what: 'precision' | 'recall',
    name: 'all' | 'small' | 'medium' | 'large',
    most = 100,
    thresholds = [50, 55, 60, 65, 70, 75, 80, 85, 90, 95],
  ) => {
    const values = thresholds.map((percent) => at(percent / 100 - 1e-9, name, most)?.[what]);
    if (values[0] === undefined) return null;
    return values.reduce<number>((sum, value) => sum + (value ?? NaN), 0) / values.length;
  };
  return [
    over('precision', 'all'),
    over('precision', 'all', 100, [50]),
    over('precision', 'all', 100, [75]),
    over('precision', 'small'),
    over('precision', 'medium'),
    over('precision', 'large'),
    over('recall', 'all', 1),
    over('recall', 'all', 10),
    over('recall', 'all'),
    over('recall', 'small'),
    over('recall', 'medium'),
    over('recall', 'large'),
  ];
}

describe('cocoMetrics', () => {
  it.each(golden.map((one, i) => [i, one] as const))(
    'has the numbers of pycocotools, case %i',
    (_, { classes, truth, detections, expected }) => {
      const metrics = cocoMetrics(truth, detections, { classes });
      expectAll(statistics(metrics), expected.stats);
      expectAll(
        metrics.classes.map(({ ap }) => ap),
        expected.classes,
      );
    },
  );

  it('is the definition, on drawn pictures with ties, crowds and areas of all sizes', () => {
    fc.assert(
      fc.property(drawnPictures, (pictures) => {
        const [first, second] = [0, 1].map((label) => slow(pictures, label));
        const expected = first.map((value, i) => {
          const known = [value, second[i]].filter((one) => one !== null);
          return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
        });
        expectAll(statistics(coco(pictures, 2)), expected, 9);
      }),
      { numRuns: 150 },
    );
  });

  it('by hand: overlaps of 0.5 to 0.9 are right at so many of the ten thresholds', () => {
    // Widths 10 of 10, 9 of 10, .. : the overlap is width / 10.
    for (const [width, right] of [
      [10, 10],
      [9, 9],
      [8, 7],
      [7, 5],
      [6, 3],
      [5, 1],
      [4, 0],
    ]) {
      const finds = [{ box: [0, 0, width, 10], score: 1 } as const];
      const metrics = coco([{ things: [{ box: [0, 0, 10, 10] }], finds }]);
      expect(metrics.ap, `width ${width}`).toBeCloseTo(right / 10, 12);
      expect(metrics.ar[0]).toBeCloseTo(right / 10, 12);
    }
  });

  it('crowds: what lies in one is neither right nor wrong, however often; a crowd need not be found', () => {
    const things = [{ box: [0, 0, 10, 10] }, { box: [100, 0, 200, 100], crowd: true }] as const;
    const inside = [0, 1, 2].map((i) => ({
      box: [110 + 20 * i, 10, 120 + 20 * i, 20] as const,
      score: 0.9,
    }));
    const right = { box: [0, 0, 10, 10], score: 0.5 } as const;
    const metrics = coco([{ things, finds: [...inside, right] }]);
    expect(metrics.ap).toBeCloseTo(1, 12);
    const crowdOnly = coco([{ things: [things[1]], finds: inside }]);
    expect(statistics(crowdOnly).every((value) => value === null)).toBe(true);
  });

  it('counts the best detections of a picture only', () => {
    const things = [0, 1, 2].map((i) => ({ box: [20 * i, 0, 20 * i + 10, 10] as const }));
    const finds = things.map(({ box }, i) => ({ box, score: 0.5 + i / 10 }));
    const metrics = coco([{ things, finds }], 1, [1, 2, 3]);
    expectAll(metrics.ar, [1 / 3, 2 / 3, 1]);
    // Of two of three objects: recalls 0 to 0.66 have precision 1.
    expect(coco([{ things, finds }], 1, [1, 1, 2]).ap).toBeCloseTo(67 / 101, 12);
  });

  it('no detections: 0; no truth: null', () => {
    const things = [{ box: [0, 0, 10, 10] }] as const;
    expectAll(statistics(coco([{ things, finds: [] }])), [
      0,
      0,
      0,
      0,
      null,
      null,
      0,
      0,
      0,
      0,
      null,
      null,
    ]);
    const nothing = coco([{ things: [], finds: [{ box: [0, 0, 1, 1], score: 1 }] }]);
    expect(nothing.ap).toBeNull();
    expect(coco([]).ap).toBeNull();
  });

  it('refuses maxDetections that fall or are none, and unknown options', () => {
    const options = { classes: 1, maxDetection: [1, 10, 100] };
    expect(() => cocoMetrics([], [], options)).toThrow(/unknown option of cocoMetrics/);
    for (const most of [
      [10, 1, 100],
      [0, 1, 2],
      [1, 1.5, 2],
    ] as const) {
      const judge = () => cocoMetrics([], [], { classes: 1, maxDetections: most });
      expect(judge).toThrow(InputError);
      expect(judge).toThrow(/maxDetections must be three integers/);
    }
  });
});
