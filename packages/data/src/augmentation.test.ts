import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { affine, compose, flip, padCrop, shift, type Augmentation } from './augmentation.js';
import { augment, checkAugmentation } from './augmentation-spec.js';
import { pictureLength } from './image-set.js';
import { randomStream } from './random.js';
import type { AugmentationSpec, AugmentationStep, PictureShape } from './types.js';

const shapes = fc.record({
  height: fc.integer({ min: 4, max: 9 }),
  width: fc.integer({ min: 4, max: 9 }),
  channels: fc.integer({ min: 1, max: 3 }),
});

/** Pixels 1, 2, 3, ...: every place is told from every other and from black. */
function counting(shape: PictureShape): Float32Array {
  return Float32Array.from({ length: pictureLength(shape) }, (_, i) => i + 1);
}

function apply(
  change: Augmentation,
  shape: PictureShape,
  seed = 1,
  source = counting(shape),
): number[] {
  // NaN: a pixel that the piece forgets to write shows.
  const target = new Float32Array(source.length).fill(NaN);
  change(source, target, shape, randomStream(seed, 'test'));
  return [...target];
}

const steps = fc.oneof(
  fc.record({ kind: fc.constant('shift' as const), maxPixels: fc.nat(5) }),
  fc.record({
    kind: fc.constant('affine' as const),
    degrees: fc.integer({ min: 0, max: 180 }),
    scale: fc.double({ min: 0, max: 0.5, noNaN: true }),
    shear: fc.integer({ min: 0, max: 40 }),
  }),
  fc.record({ kind: fc.constant('flip' as const) }),
  fc.record({
    kind: fc.constant('padCrop' as const),
    pixels: fc.nat(3),
    padding: fc.constantFrom('zero' as const, 'reflect' as const),
  }),
);

describe('every augmentation', () => {
  it('is a function of picture and stream, writes every pixel and leaves its source', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 4 }), shapes, fc.integer(), (spec, shape, seed) => {
        const change = augment(spec, shape);
        const source = counting(shape);
        const once = apply(change, shape, seed, source);
        expect(source).toEqual(counting(shape));
        expect(once.every((v) => v >= 0 && v <= source.length * (1 + 1e-6))).toBe(true);
        expect(apply(augment(spec, shape), shape, seed)).toEqual(once);
        expect(apply(change, shape, seed)).toEqual(once); // no memory
      }),
    );
  });

  it('with amounts of zero changes nothing', () => {
    const spec: AugmentationSpec = [
      { kind: 'shift', maxPixels: 0 },
      { kind: 'affine' },
      { kind: 'flip', probability: 0 },
      { kind: 'padCrop', pixels: 0 },
    ];
    fc.assert(
      fc.property(shapes, (shape) => {
        expect(apply(augment(spec, shape), shape)).toEqual([...counting(shape)]);
        expect(apply(augment([], shape), shape)).toEqual([...counting(shape)]);
      }),
    );
  });
});

describe('shift', () => {
  it('moves by whole pixels and lets black in', () => {
    const shape = { height: 4, width: 5, channels: 2 };
    const source = counting(shape);
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const moved = apply(shift(1), shape, seed);
      // Independently: the one of nine moves that explains every pixel.
      const moves = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [dy, dx]));
      const match = moves.filter(([dy, dx]) =>
        moved.every((value, i) => {
          const c = i % 2;
          const x = ((i - c) / 2) % 5;
          const y = Math.floor(i / 10);
          const [fromY, fromX] = [y - dy, x - dx];
          const isInside = fromY >= 0 && fromY < 4 && fromX >= 0 && fromX < 5;
          return value === (isInside ? source[(fromY * 5 + fromX) * 2 + c] : 0);
        }),
      );
      expect(match).toHaveLength(1);
      seen.add(match[0].join());
    }
    expect(seen.size).toBe(9);
  });

  it('is padCrop with black', () => {
    const shape = { height: 6, width: 6, channels: 1 };
    for (let seed = 0; seed < 10; seed++) {
      expect(apply(shift(3), shape, seed)).toEqual(apply(padCrop(3), shape, seed));
    }
  });
});

it('padCrop reflects about the border pixels', () => {
  const shape = { height: 1, width: 4, channels: 1 };
  const seen = new Set<string>();
  // One row high: its only reflection is itself, so this piece is used without `augment`'s check.
  const wide = { height: 4, width: 4, channels: 1 };
  for (let seed = 0; seed < 100; seed++) {
    const columns = Float32Array.from({ length: 16 }, (_, i) => (i % 4) + 1);
    seen.add(apply(padCrop(2, 'reflect'), wide, seed, columns).slice(0, shape.width).join(''));
  }
  expect([...seen].sort()).toEqual(['1234', '2123', '2343', '3212', '3432']);
});

it('flip mirrors left and right, channels stay', () => {
  const shape = { height: 2, width: 2, channels: 2 };
  expect(apply(flip(1), shape)).toEqual([3, 4, 1, 2, 7, 8, 5, 6]);
  expect(apply(flip(0), shape)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  const flipped = Array.from({ length: 1000 }, (_, seed) => apply(flip(), shape, seed)[0] === 3);
  expect(Math.abs(flipped.filter(Boolean).length - 500)).toBeLessThan(80);
});

describe('affine', () => {
  const shape = { height: 9, width: 9, channels: 1 };
  const at = (picture: number[], x: number, y: number) => picture[y * 9 + x];
  /** The centre of mass of a picture, relative to its middle. */
  const centre = (picture: number[]) => {
    const mass = picture.reduce((a, b) => a + b);
    const sum = (coordinate: (i: number) => number) =>
      picture.reduce((total, value, i) => total + value * coordinate(i), 0) / mass - 4;
    return { x: sum((i) => i % 9), y: sum((i) => Math.floor(i / 9)) };
  };
  /** One bright blob, right of the middle by two. */
  const dot = Float32Array.from({ length: 81 }, (_, i) => (i === 4 * 9 + 6 ? 100 : 0));

  it('turns by no more than its degrees, about the centre', () => {
    const angles = Array.from({ length: 200 }, (_, seed) => {
      const { x, y } = centre(apply(affine({ degrees: 30 }), shape, seed, dot));
      return (Math.atan2(y, x) * 180) / Math.PI;
    });
    expect(Math.max(...angles)).toBeLessThan(40);
    expect(Math.max(...angles)).toBeGreaterThan(20);
    expect(Math.min(...angles)).toBeGreaterThan(-40);
    expect(Math.min(...angles)).toBeLessThan(-20);
    expect(at(apply(affine({ degrees: 30 }), shape), 4, 4)).toBeCloseTo(
      at([...counting(shape)], 4, 4),
      4,
    );
  });

  it('resizes within its scale', () => {
    const distances = Array.from(
      { length: 200 },
      (_, seed) => centre(apply(affine({ scale: 0.25 }), shape, seed, dot)).x,
    );
    expect(Math.max(...distances)).toBeGreaterThan(2.2);
    expect(Math.max(...distances)).toBeLessThan(2.8);
    expect(Math.min(...distances)).toBeLessThan(1.8);
    expect(Math.min(...distances)).toBeGreaterThan(1.2);
  });

  it('slants rows, the middle row stays', () => {
    const slanted = apply(affine({ shear: 40 }), shape, 3);
    expect(slanted.slice(36, 45)).toEqual([...counting(shape)].slice(36, 45));
    expect(slanted.slice(0, 9)).not.toEqual([...counting(shape)].slice(0, 9));
  });
});

it('compose applies in order', () => {
  const add: Augmentation = (source, target) => target.set(source.map((v) => v + 1));
  const double: Augmentation = (source, target) => target.set(source.map((v) => v * 2));
  const shape = { height: 1, width: 2, channels: 1 };
  expect(apply(compose([add, double, add]), shape)).toEqual([5, 7]);
  expect(apply(compose([double, add]), shape)).toEqual([3, 5]);
});

describe('checkAugmentation', () => {
  it('takes what JSON holds', () => {
    const spec: AugmentationStep[] = [
      { kind: 'shift', maxPixels: 2 },
      { kind: 'affine', degrees: 10, scale: 0.1, shear: 5 },
    ];
    expect(checkAugmentation(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  });

  it.each<[unknown, string | RegExp]>([
    [{ kind: 'flip' }, /is a list of steps/],
    [undefined, /got nothing/],
    [[3], /step 1 of the augmentation must be an object/],
    [[{ kind: 'flip' }, {}], /step 2 .* "kind" \(shift, affine, flip, padCrop, /],
    [[{ kind: 'shifd' }], 'unknown augmentation "shifd" (did you mean "shift"?)'],
    [
      [{ kind: 'shift', maxPixel: 2 }],
      'unknown key of augmentation "shift" "maxPixel" (did you mean "maxPixels"?)',
    ],
    [[{ kind: 'shift' }], 'augmentation "shift" needs the key "maxPixels"'],
    [[{ kind: 'shift', maxPixels: '2' }], /maxPixels of augmentation "shift" must be a number/],
    [[{ kind: 'shift', maxPixels: -1 }], /integer of at least 0, got -1/],
    [[{ kind: 'affine', degrees: 400 }], /degrees of augmentation "affine" must lie in 0 to 180/],
    [[{ kind: 'affine', scale: 1 }], /scale/],
    [[{ kind: 'affine', shear: -1 }], /shear/],
    [[{ kind: 'flip', probability: 2 }], /probability/],
    [[{ kind: 'padCrop', pixels: 2, padding: 'reflekt' }], /did you mean "reflect"/],
    [[{ kind: 'padCrop', pixels: 2, padding: 1 }], /allowed: zero, reflect/],
  ])('refuses %j', (value, message) => {
    expect(() => checkAugmentation(value)).toThrow(InputError);
    expect(() => checkAugmentation(value)).toThrow(message);
  });

  it('refuses a reflection wider than the picture', () => {
    const spec: AugmentationSpec = [{ kind: 'padCrop', pixels: 5, padding: 'reflect' }];
    expect(() => augment(spec, { height: 5, width: 9, channels: 1 })).toThrow(/allowed: 0 to 4/);
  });
});
