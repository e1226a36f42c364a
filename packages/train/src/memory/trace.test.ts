/** Traces as functions of the batch, the sizes of batches, and scratch memory, against plain loops. */
import { describe, expect, it } from 'vitest';
import { batchSizes, microBatches } from './need.js';
import { scratchGrowth } from './scratch.js';
import { LinearTrace, sameTrace } from './trace.js';

/** Weights of 40 bytes, 8 bytes an image that stay to the end, 12 that are gone before 3 more come; a release of 5. */
const program = (images: number) => [
  { kind: 'take' as const, id: 0, bytes: 40 },
  { kind: 'take' as const, id: 1, bytes: 8 * images },
  { kind: 'take' as const, id: 2, bytes: 12 * images },
  { kind: 'free' as const, id: 2 },
  { kind: 'take' as const, id: 3, bytes: 3 * images + 4 },
  { kind: 'release' as const, bytes: 5 },
  { kind: 'free' as const, id: 1 },
];

describe('LinearTrace', () => {
  const trace = LinearTrace.between(program(2), program(3), 2);

  it.each([1, 2, 3, 128, 1_000_000])('is the program itself for %i images', (images) => {
    expect([...(trace?.at(images) ?? [])]).toEqual(program(images));
  });

  it('knows what an image takes where most is there', () => {
    expect(trace?.slopeAtPeak).toBe(20);
    expect(trace?.empty).toBe(false);
    expect(LinearTrace.between([], [], 2)?.empty).toBe(true);
  });

  it.each([
    ['one is longer', [...program(3), { kind: 'release' as const, bytes: 1 }]],
    ['another is freed', program(3).with(3, { kind: 'free', id: 1 })],
    ['it is of another kind', program(3).with(3, { kind: 'release', bytes: 1 })],
    ['it takes where the other frees', program(3).with(5, { kind: 'take', id: 4, bytes: 5 })],
  ])('is nothing where %s', (_, other) => {
    expect(LinearTrace.between(program(2), other, 2)).toBeUndefined();
    expect(sameTrace(program(3), other)).toBe(false);
    expect(sameTrace(program(3), program(3))).toBe(true);
  });
});

describe('sizes of batches', () => {
  it.each([
    [128, 50_000],
    [64, 64],
    [2_000_000, 8000],
    [7, 20],
    [1, 3],
  ])('of %i over %i images are those of a loop', (batchSize, images) => {
    const sizes = new Set<number>();
    for (let from = 0; from < images; from += batchSize) {
      sizes.add(Math.min(batchSize, images - from));
    }
    expect(batchSizes(batchSize, images)).toEqual([...sizes]);
  });

  it.each([
    [128, 1],
    [128, 3],
    [10, 4],
    [2, 5],
  ])('%i in %i pieces are those of the gradients', (batch, accumulate) => {
    const pieces = Math.min(accumulate, batch);
    const sizes = Array.from(
      { length: pieces },
      (_, i) => Math.floor(((i + 1) * batch) / pieces) - Math.floor((i * batch) / pieces),
    );
    expect(microBatches(batch, accumulate)).toEqual([...new Set(sizes)].sort((a, b) => b - a));
  });
});

describe('scratchGrowth', () => {
  it('counts what is larger than all before it, in the order of a step and an evaluation', () => {
    const none = { forward: [], backward: [], filterGradients: [] };
    const requests = { ...none, forward: [4, 2], backward: [10, 5, 30] };
    // 4 x 8, 10 x 8, 30 x 8; the evaluation's 4 x 20 are smaller.
    expect(scratchGrowth(requests, 8, 20, 100)).toBe(32 + 80 + 240 + 100);
    expect(scratchGrowth({ ...none, forward: [4, 2] }, 8, 20, 100)).toBe(32 + 80 + 100);
    expect(scratchGrowth(none, 8, 20, 100)).toBe(0);
  });

  it('counts the parts of the largest filter gradient', () => {
    const of = (pixels: number, size: number, pictures: number) =>
      scratchGrowth(
        { forward: [], backward: [], filterGradients: [{ pixels, size }] },
        pictures,
        1,
        0,
      );
    // 8 x 1024 pixels are 16 parts of 512; 3 x 512 are too few; of a million floats 4 parts are all that there may be.
    expect(of(1024, 100, 8)).toBe(16 * 400);
    expect(of(512, 100, 3)).toBe(0);
    expect(of(1024, 2 ** 20, 8)).toBe(4 * 2 ** 22);
    expect(of(1024, 2 ** 20 + 1, 8)).toBe(0);
  });
});
