import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.js';
import sharp from 'sharp';
import { headerSize } from './header-size.js';
import { randomPixels } from './pictures.fixture.js';
import { centreFit, randomBox, roundHalfEven } from './fit.js';

describe('centreFit', () => {
  // By hand from torchvision's Resize(resize) and CenterCrop(size): int(resize * long / short), int(round(.)).
  it.each([
    [
      { width: 500, height: 375 },
      256,
      224,
      {
        resize: { width: 341, height: 256 },
        after: { left: 58, top: 16, width: 224, height: 224 },
      },
    ],
    [
      { width: 375, height: 500 },
      256,
      224,
      {
        resize: { width: 256, height: 341 },
        after: { left: 16, top: 58, width: 224, height: 224 },
      },
    ],
    [
      { width: 256, height: 256 },
      256,
      224,
      { after: { left: 16, top: 16, width: 224, height: 224 } },
    ],
    [{ width: 32, height: 32 }, 32, 32, {}],
    [{ width: 64, height: 64 }, 32, 32, { resize: { width: 32, height: 32 } }],
    [{ width: 35, height: 32 }, 32, 32, { after: { left: 2, top: 0, width: 32, height: 32 } }],
  ])('%o to %i, cut %i', (size, resize, cut, expected) => {
    expect(centreFit(size, resize, cut)).toEqual(expected);
  });

  it('rounds as Python', () => {
    expect([0.5, 1.5, 2.5, 58.5, 59.5, 1.2, 1.7].map(roundHalfEven)).toEqual([
      0, 2, 2, 58, 60, 1, 2,
    ]);
  });
});

describe('randomBox', () => {
  /** torchvision.transforms.RandomResizedCrop.get_params, line for line, on the same random numbers. */
  function reference(
    width: number,
    height: number,
    scale: number[],
    ratio: number[],
    seed: number,
  ) {
    const random = randomStream(seed, 'box');
    const uniform = (low: number, high: number) => low + (high - low) * random.uniform();
    const round = (value: number) => {
      const nearest = Math.round(value);
      return Math.abs(value % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
    };
    for (let i = 0; i < 10; i++) {
      const target = width * height * uniform(scale[0], scale[1]);
      const aspect = Math.exp(uniform(Math.log(ratio[0]), Math.log(ratio[1])));
      const w = round(Math.sqrt(target * aspect));
      const h = round(Math.sqrt(target / aspect));
      if (0 < w && w <= width && 0 < h && h <= height) {
        const top = random.integer(height - h + 1);
        return { top, left: random.integer(width - w + 1), width: w, height: h };
      }
    }
    const own = width / height;
    const w = own > ratio[1] ? round(height * ratio[1]) : width;
    const h = own < ratio[0] ? round(width / ratio[0]) : height;
    return {
      top: Math.floor((height - h) / 2),
      left: Math.floor((width - w) / 2),
      width: w,
      height: h,
    };
  }

  it.each([
    [500, 375, [0.08, 1], [3 / 4, 4 / 3]],
    [32, 32, [0.2, 1], [0.9, 1.1]],
    [1000, 10, [0.5, 1], [3 / 4, 4 / 3]], // never fits: the fallback
    [10, 1000, [0.5, 1], [3 / 4, 4 / 3]],
    [1, 1, [0.08, 1], [3 / 4, 4 / 3]],
  ] as const)('%i x %i as torchvision', (width, height, scale, ratio) => {
    for (let seed = 0; seed < 300; seed++) {
      const box = randomBox({ width, height }, scale, ratio, randomStream(seed, 'box'));
      expect(box).toEqual(reference(width, height, [...scale], [...ratio], seed));
      expect(box.left >= 0 && box.left + box.width <= width).toBe(true);
      expect(box.top >= 0 && box.top + box.height <= height).toBe(true);
    }
  });

  it('has the share of the area even in its range', () => {
    // A ratio near 1 in a square: few tries are refused, so the area stays even in 0.2 .. 0.8.
    const shares = Array.from({ length: 4000 }, (_, i) => {
      const box = randomBox(
        { width: 1000, height: 1000 },
        [0.2, 0.8],
        [0.99, 1.01],
        randomStream(i, 'x'),
      );
      return (box.width * box.height) / 1e6;
    });
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    // The mean of 4000 even numbers in 0.6: a deviation of 0.6 / sqrt(12 * 4000) = 0.0027.
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.011);
    expect(Math.min(...shares)).toBeLessThan(0.21);
    expect(Math.max(...shares)).toBeGreaterThan(0.79);
  });
});

describe('headerSize', () => {
  it.each(['png', 'jpeg'] as const)('reads the size of a %s', async (format) => {
    for (const progressive of [false, true]) {
      const image = sharp(randomPixels(1, 37, 21), { raw: { width: 37, height: 21, channels: 3 } });
      const bytes = await image.withMetadata().toFormat(format, { progressive }).toBuffer();
      expect(headerSize(bytes)).toEqual({ width: 37, height: 21 });
      for (let length = 0; length < 24; length++) {
        expect(headerSize(bytes.subarray(0, length))).toBeUndefined();
      }
    }
  });

  it('leaves other formats to the decoder', async () => {
    const image = sharp(randomPixels(1, 8, 8), { raw: { width: 8, height: 8, channels: 3 } });
    expect(headerSize(await image.webp().toBuffer())).toBeUndefined();
  });
});
