/** Resizing against a plain formula, sizes of pictures, and boxes on the way back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxesInPicture, paddedSize, resizedSize } from './picture-size.js';
import { resizedRgb } from './resize.js';

/** Weights of every input for output i, straight from the definition. */
function weights(inputs: number, outputs: number, i: number): number[] {
  const ratio = inputs / outputs;
  const reach = Math.max(ratio, 1);
  const centre = (i + 0.5) * ratio;
  const raw = Array.from({ length: inputs }, (_, j) =>
    Math.max(0, 1 - Math.abs(j + 0.5 - centre) / reach),
  );
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((w) => w / sum);
}

function plainly(
  data: Uint8Array,
  { width, height, channels }: { width: number; height: number; channels: number },
  to: { width: number; height: number },
): number[] {
  const out: number[] = [];
  for (let y = 0; y < to.height; y++) {
    const down = weights(height, to.height, y);
    for (let x = 0; x < to.width; x++) {
      const across = weights(width, to.width, x);
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let i = 0; i < height; i++) {
          for (let j = 0; j < width; j++) {
            sum +=
              down[i] * across[j] * data[(i * width + j) * channels + (channels === 1 ? 0 : c)];
          }
        }
        out.push(sum);
      }
    }
  }
  return out;
}

describe('resizedRgb', () => {
  const side = fc.integer({ min: 1, max: 9 });
  it('is the formula, to the nearest byte', () => {
    fc.assert(
      fc.property(
        fc.record({ width: side, height: side, channels: fc.constantFrom(1, 3, 4) }),
        fc.record({ width: side, height: side }),
        fc.integer(),
        (from, to, seed) => {
          const data = Uint8Array.from(
            { length: from.width * from.height * from.channels },
            (_, i) => Math.abs(Math.imul(i + 1, seed ^ 0x9e3779b1)) % 256,
          );
          const channels = from.channels;
          const found = resizedRgb({ ...from, channels, data }, to);
          plainly(data, from, to).forEach((exact, i) => {
            expect(Math.abs(found[i] - exact)).toBeLessThan(0.5 + 1e-9);
          });
        },
      ),
      { numRuns: 100 },
    );
  });

  it('leaves a picture of the right size as it is', () => {
    const data = Uint8Array.from({ length: 3 * 7 * 5 }, (_, i) => (i * 89) % 256);
    expect(resizedRgb({ data, width: 7, height: 5, channels: 3 }, { width: 7, height: 5 })).toEqual(
      data,
    );
  });

  it('keeps a plain colour', () => {
    const data = new Uint8ClampedArray(4 * 13 * 17).fill(255);
    const found = resizedRgb(
      { data, width: 13, height: 17, channels: 4 },
      { width: 40, height: 3 },
    );
    expect(found.every((v) => v === 255)).toBe(true);
  });
});

describe('sizes', () => {
  it.each([
    [640, 480, { shortSide: 240, longSide: 320 }, 320, 240],
    [480, 640, { shortSide: 240, longSide: 320 }, 240, 320],
    [1000, 100, { shortSide: 600, longSide: 1000 }, 1000, 100],
    [3, 1000, { shortSide: 60, longSide: 96 }, 1, 96],
    [500, 333, { shortSide: 600, longSide: 1000 }, 901, 600],
    [7, 9, { width: 300, height: 200 }, 300, 200],
  ])('%ix%i by %j: %ix%i', (width, height, rule, toWidth, toHeight) => {
    expect(resizedSize({ width, height }, rule)).toEqual({ width: toWidth, height: toHeight });
  });

  it('are filled up to multiples', () => {
    expect(paddedSize({ width: 33, height: 64 }, { multiple: 32 })).toEqual({
      width: 64,
      height: 64,
    });
  });
});

it('boxes go back to the picture, and end at its border', () => {
  const boxes = Float32Array.of(10, 20, 100.5, 51, 0, 0, 160, 100);
  const found = boxesInPicture(boxes, { width: 160, height: 100 }, { width: 320, height: 50 });
  expect([...found]).toEqual([20, 10, 201, 25.5, 0, 0, 320, 50]);
  const odd = boxesInPicture(
    Float32Array.of(0, 0, 3, 3),
    { width: 3, height: 3 },
    { width: 7, height: 10 },
  );
  expect([...odd]).toEqual([0, 0, 7, 10]);
});
