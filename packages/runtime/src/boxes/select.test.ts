/** Proposals and detections: cases by hand, and pictures where there is nothing. */
import { describe, expect, it } from 'vitest';
import { flat, type Box } from './boxes.fixture.js';
import { NotFiniteError } from './not-finite.js';
import { selectDetections } from './detections.js';
import { selectProposals, type LevelOutput } from './proposals.js';

const picture = { width: 100, height: 80 };
const options = {
  before: 10,
  after: 10,
  threshold: 0.7,
  smallest: 1e-3,
  weights: [1, 1, 1, 1],
} as const;

/** A level whose anchors are what the network wants: its deltas are zeros. */
function level(boxes: Box[], objectness: number[]): LevelOutput {
  return {
    anchors: flat(boxes),
    objectness: Float32Array.from(objectness),
    deltas: new Float32Array(4 * boxes.length),
  };
}

const fine = level(
  [
    [0, 0, 10, 10],
    [0, 0, 10, 9], // 0.9 with the first
    [-20, -20, -5, -5], // nothing is left of it in the picture
    [90, 70, 120, 90],
  ],
  [1, 2, 9, 0.5],
);
const coarse = level([[0, 0, 10, 9]], [1.5]);

describe('selectProposals', () => {
  it('clips, drops what is outside, suppresses within a level, orders over all', () => {
    const { boxes, scores } = selectProposals([fine, coarse], picture, options);
    expect([...scores]).toEqual([2, 1.5, 0.5]);
    expect([...boxes]).toEqual([0, 0, 10, 9, 0, 0, 10, 9, 90, 70, 100, 80]);
  });

  it('takes the best of each level, and the best of all', () => {
    const both = { ...options, before: 2 };
    // Of the fine level: the one outside, and the second.
    expect([...selectProposals([fine, coarse], picture, both).scores]).toEqual([2, 1.5]);
    const first = { ...options, after: 1 };
    expect([...selectProposals([fine, coarse], picture, first).scores]).toEqual([2]);
  });

  it('moves anchors by the deltas', () => {
    const moved = { ...coarse, deltas: Float32Array.from([1, 0, 0, 0]) };
    expect([...selectProposals([moved], picture, options).boxes]).toEqual([10, 0, 20, 9]);
  });

  it('may find none', () => {
    const outside = level([[-9, -9, -1, -1]], [5]);
    for (const levels of [[], [level([], [])], [outside]]) {
      expect(selectProposals(levels, picture, options)).toEqual({
        boxes: new Float32Array(0),
        scores: new Float32Array(0),
      });
    }
  });

  it('refuses NaN', () => {
    const nan = { ...fine, objectness: Float32Array.of(1, NaN, 1, 1) };
    expect(() => selectProposals([coarse, nan], picture, options)).toThrow(
      'the objectness of level 1 holds a NaN',
    );
    const broken = { ...coarse, deltas: Float32Array.of(0, NaN, 0, 0) };
    const select = () => selectProposals([broken], picture, options);
    expect(select).toThrow('the boxes of level 0 hold a NaN');
    expect(select).toThrow(NotFiniteError);
  });
});

describe('selectDetections', () => {
  const boxes = flat([
    [0, 0, 10, 10],
    [1, 0, 11, 10],
    [50, 50, 60, 60],
  ]);
  const probabilities = Float32Array.from(
    [
      [0.25, 0.5, 0.25],
      [0.125, 0.75, 0.125],
      [0.9375, 0.03125, 0.03125],
    ].flat(),
  );
  const limits = { leastScore: 0.05, threshold: 0.5, most: 100 };

  it('suppresses within a class, best first', () => {
    const found = selectDetections(boxes, probabilities, 3, limits);
    expect([...found.classes]).toEqual([1, 2]);
    expect([...found.scores]).toEqual([0.75, 0.25]);
    expect([...found.boxes]).toEqual([1, 0, 11, 10, 0, 0, 10, 10]);
  });

  it.each([
    ['low scores', { leastScore: 0.01 }, [0.75, 0.25, 0.03125, 0.03125]],
    ['scores at the least one', { leastScore: 0.25 }, [0.75]],
    ['the best alone', { most: 1 }, [0.75]],
    ['one of each class into the suppression', { perClass: 1 }, [0.75, 0.25]],
    ['overlaps up to 1', { threshold: 1 }, [0.75, 0.5, 0.25, 0.125]],
    ['small boxes', { smallest: 10.5 }, []],
  ])('%s', (_, change, scores) => {
    const found = selectDetections(boxes, probabilities, 3, { ...limits, ...change });
    expect([...found.scores]).toEqual(scores);
  });

  it('takes a box for each class', () => {
    const perClass = Float32Array.from({ length: 36 }, (_, i) => [0, 0, 1, 1][i % 4] * (i + 1));
    const found = selectDetections(perClass, probabilities, 3, limits);
    expect([...found.classes]).toEqual([1, 1, 2, 2]);
    expect([...found.boxes.subarray(0, 4)]).toEqual([...perClass.subarray(16, 20)]);
  });

  it('knows a single class, no boxes, and refuses NaN', () => {
    const one = selectDetections(boxes, Float32Array.of(0.5, 0.5, 0.25, 0.75, 1, 0), 2, limits);
    expect([...one.classes]).toEqual([1]);
    const none = new Float32Array(0);
    expect(selectDetections(none, none, 3, limits).classes).toHaveLength(0);
    expect(() =>
      selectDetections(
        boxes,
        probabilities.map(() => NaN),
        3,
        limits,
      ),
    ).toThrow('the class scores hold a NaN');
    expect(() =>
      selectDetections(
        boxes.map(() => NaN),
        probabilities,
        3,
        limits,
      ),
    ).toThrow('the boxes hold a NaN');
    const unfit = () => selectDetections(boxes, probabilities, 2, limits);
    expect(unfit).toThrow('3 boxes do not fit 9 probabilities of 2 classes');
    // A call that is wrong, and no overflow.
    expect(unfit).not.toThrow(NotFiniteError);
  });
});
