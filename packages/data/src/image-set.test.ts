import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelStatistics, checkImageSet } from './image-set.js';
import { hashImages, makeImageSet, split, subset } from './make-image-set.js';
import { randomSet } from './sets.fixture.js';
import { stratify } from './stratify.js';

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('channelStatistics', () => {
  it('equals mean and deviation by their definitions', () => {
    const set = randomSet(7, { height: 3, width: 5, channels: 2 });
    const { mean, std } = channelStatistics(set);
    for (const channel of [0, 1]) {
      const values = [...set.images].filter((_, i) => i % 2 === channel).map((v) => v / 255);
      const centre = values.reduce((a, b) => a + b) / values.length;
      const variance = values.reduce((a, b) => a + (b - centre) ** 2, 0) / values.length;
      expect(mean[channel]).toBeCloseTo(centre, 12);
      expect(std[channel]).toBeCloseTo(Math.sqrt(variance), 12);
    }
  });

  it('refuses an empty set', () => {
    expect(() => channelStatistics(randomSet(0))).toThrow(/is empty/);
  });
});

describe('checkImageSet', () => {
  const set = randomSet(6);
  it.each([
    [{ ...set, images: set.images.subarray(1) }, /359 bytes of pixels.*need 360/],
    [{ ...set, labels: set.labels.subarray(1) }, /5 labels for 6 pictures/],
    [{ ...set, classes: ['a', 'b'] }, /label 2 of picture 2 .* allowed: 0 to 1/],
  ])('refuses parts that do not fit together (%#)', (broken, message) => {
    expect(() => checkImageSet(broken)).toThrow(message);
  });
});

describe('subset', () => {
  it('takes the pictures in the order of the indices, with a hash of its own', () => {
    const set = randomSet(6);
    const part = subset(set, [4, 1], 'test');
    expect([...part.images]).toEqual([
      ...set.images.subarray(4 * 60, 5 * 60),
      ...set.images.subarray(60, 120),
    ]);
    expect([...part.labels]).toEqual([1, 1]);
    expect(part).toMatchObject({ count: 2, split: 'test', name: set.name });
    expect(part.sha256).toBe(hashImages(part.images, part.labels));
    expect(part.sha256).not.toBe(set.sha256);
  });

  it.each([6, -1, 0.5])('refuses the index %s', (index) => {
    expect(() => subset(randomSet(6), [index], 'test')).toThrow(/allowed: 0 to 5/);
  });
});

describe('split', () => {
  it('keeps the share of every class and loses nothing', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ min: 0, max: 4, minLength: 1, maxLength: 200 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.integer(),
        (labels, fraction, seed) => {
          const { kept, held } = stratify(labels, 5, fraction, seed);
          expect([...kept, ...held].sort((a, b) => a - b)).toEqual(range(labels.length));
          expect(held.length).toBe(Math.round(fraction * labels.length));
          for (let label = 0; label < 5; label++) {
            const size = labels.filter((value) => value === label).length;
            const share = [...held].filter((i) => labels[i] === label).length;
            expect(Math.abs(share - fraction * size)).toBeLessThan(1 + 1e-9);
          }
        },
      ),
    );
  });

  it('depends on the seed and on nothing else', () => {
    const set = randomSet(60);
    expect(split(set, 0.25, 1)).toEqual(split(set, 0.25, 1));
    expect(split(set, 0.25, 2).validation.sha256).not.toBe(split(set, 0.25, 1).validation.sha256);
    expect(split(set, 0.25, 1)).toMatchObject({
      train: { count: 45, split: 'train' },
      validation: { count: 15, split: 'validation' },
    });
  });

  it.each([0, 1, -0.1, NaN])('refuses the fraction %s', (fraction) => {
    expect(() => split(randomSet(6), fraction, 1)).toThrow(/between 0 and 1/);
  });

  it('refuses to leave a part empty', () => {
    expect(() => split(randomSet(6), 0.01, 1)).toThrow(/leaves one part .* empty/);
  });
});

it('makeImageSet refuses what does not fit', () => {
  expect(() => makeImageSet({ ...randomSet(2), count: 3 })).toThrow(/need 180/);
});
