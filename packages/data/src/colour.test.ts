import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { augment, checkAugmentation } from './augmentation-spec.js';
import { compose, flip, padCrop, shift, type Augmentation } from './augmentation.js';
import { colorJitter, lighting } from './colour.js';
import { randomResizedCrop } from './crop.js';
import { drawMoves } from './moves.js';
import { randomStream } from './random.js';
import type { AugmentationSpec, AugmentationStep } from './types.js';

const shape = { height: 4, width: 5, channels: 3 };
const pixels = (seed: number) => {
  const random = randomStream(seed, 'pixels');
  return Float32Array.from({ length: 60 }, () => random.integer(256));
};

function run(piece: Augmentation, source: Float32Array, seed: number): Float32Array {
  const target = new Float32Array(source.length);
  piece(source, target, shape, randomStream(seed, 'test'));
  return target;
}

/** A picture as a list of [r, g, b] in 0..1, in float64. */
const colours = (values: Float32Array) =>
  Array.from({ length: values.length / 3 }, (_, i) =>
    [...values.subarray(3 * i, 3 * i + 3)].map((v) => v / 255),
  );

/** Python's colorsys.rgb_to_hsv and hsv_to_rgb, case by case. */
function withHue([r, g, b]: number[], turn: number): number[] {
  const [max, min] = [Math.max(r, g, b), Math.min(r, g, b)];
  if (max === min) return [r, g, b];
  const [rc, gc, bc] = [r, g, b].map((v) => (max - v) / (max - min));
  let h = r === max ? bc - gc : g === max ? 2 + rc - bc : 4 + gc - rc;
  h = (((h / 6 + turn) % 1) + 1) % 1;
  const s = (max - min) / max;
  const i = Math.floor(h * 6);
  const f = h * 6 - i;
  const [p, q, t] = [max * (1 - s), max * (1 - s * f), max * (1 - s * (1 - f))];
  return [
    [max, t, p],
    [q, max, p],
    [p, max, t],
    [p, q, max],
    [t, p, max],
    [max, p, q],
  ][i % 6];
}

const clip = (value: number) => Math.min(1, Math.max(0, value));
const grey = ([r, g, b]: number[]) => 0.2989 * r + 0.587 * g + 0.114 * b;

/** torchvision.transforms.v2.ColorJitter on floats in 0..1, on the same random numbers. */
function reference(source: Float32Array, amounts: [number, number, number, number], seed: number) {
  const random = randomStream(seed, 'test');
  const order = random.permutation(4);
  const [b, c, s] = amounts
    .slice(0, 3)
    .map((a) =>
      a === 0 ? 1 : Math.max(0, 1 - a) + (1 + a - Math.max(0, 1 - a)) * random.uniform(),
    );
  const h = amounts[3] === 0 ? 0 : amounts[3] * (2 * random.uniform() - 1);
  let picture = colours(source);
  for (const kind of order) {
    if (kind === 0) picture = picture.map((p) => p.map((v) => clip(b * v)));
    if (kind === 1) {
      const mean = picture.reduce((sum, p) => sum + grey(p), 0) / picture.length;
      picture = picture.map((p) => p.map((v) => clip(c * v + (1 - c) * mean)));
    }
    if (kind === 2) picture = picture.map((p) => p.map((v) => clip(s * v + (1 - s) * grey(p))));
    if (kind === 3) picture = picture.map((p) => withHue(p, h));
  }
  return picture.flat();
}

describe('colorJitter', () => {
  it.each<[number, number, number, number]>([
    [0.4, 0, 0, 0],
    [0, 0.4, 0, 0],
    [0, 0, 0.4, 0],
    [0, 0, 0, 0.5],
    [0.4, 0.4, 0.4, 0.1],
    [2, 2, 2, 0.5],
    [0, 0, 0, 0],
  ])('is torchvision’s for %f %f %f %f', (...amounts) => {
    const [brightness, contrast, saturation, hue] = amounts;
    for (let seed = 0; seed < 50; seed++) {
      const got = run(colorJitter({ brightness, contrast, saturation, hue }), pixels(seed), seed);
      reference(pixels(seed), amounts, seed).forEach((value, i) => {
        expect(Math.abs(got[i] / 255 - value)).toBeLessThan(1e-5);
      });
    }
  });
});

describe('lighting', () => {
  it('adds the components of colour by normal numbers', () => {
    const random = randomStream(9, 'test');
    const alpha = [0.2175, 0.0188, 0.0045].map((value) => value * 0.1 * random.normal());
    const vectors = [
      [-0.5675, 0.7192, 0.4009],
      [-0.5808, -0.0045, -0.814],
      [-0.5836, -0.6948, 0.4203],
    ];
    const got = run(lighting(), pixels(1), 9);
    pixels(1).forEach((value, i) => {
      const add = vectors[i % 3].reduce((sum, v, k) => sum + v * alpha[k], 0);
      expect(Math.abs(got[i] - (value + 255 * add))).toBeLessThan(1e-3);
    });
    expect(run(lighting(0), pixels(1), 9)).toEqual(pixels(1));
  });
});

describe('randomResizedCrop', () => {
  it('with the whole area of a square is the picture; else bilinear between half-pixel centres', () => {
    const square = { height: 4, width: 4, channels: 3 };
    const source = pixels(2).subarray(0, 48);
    const whole = new Float32Array(48);
    randomResizedCrop([1, 1], [1, 1])(source, whole, square, randomStream(1, 'x'));
    expect(whole).toEqual(source);

    const quarter = new Float32Array(48);
    randomResizedCrop([0.25, 0.25], [1, 1])(source, quarter, square, randomStream(1, 'x'));
    // A box of 2 x 2: its place is drawn after area and ratio. Weights of 4 samples in 2: 1, 3/4 + 1/4, ...
    const random = randomStream(1, 'x');
    random.uniform();
    random.uniform();
    const top = random.integer(3);
    const left = random.integer(3);
    const share = [0, 0.25, 0.75, 1];
    const at = (y: number, x: number, c: number) => source[((top + y) * 4 + left + x) * 3 + c];
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 4; x++) {
        for (let c = 0; c < 3; c++) {
          const upper = (1 - share[x]) * at(0, 0, c) + share[x] * at(0, 1, c);
          const lower = (1 - share[x]) * at(1, 0, c) + share[x] * at(1, 1, c);
          const expected = (1 - share[y]) * upper + share[y] * lower;
          expect(Math.abs(quarter[(y * 4 + x) * 3 + c] - expected)).toBeLessThan(1e-3);
        }
      }
    }
  });
});

describe('moves', () => {
  const step: fc.Arbitrary<AugmentationStep> = fc.oneof(
    fc.record({
      kind: fc.constant('flip' as const),
      probability: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({ kind: fc.constant('shift' as const), maxPixels: fc.integer({ min: 0, max: 6 }) }),
    fc.record({
      kind: fc.constant('padCrop' as const),
      pixels: fc.integer({ min: 0, max: 3 }),
      padding: fc.constantFrom('zero' as const, 'reflect' as const),
    }),
  );

  it('take every pixel from where the pieces one after the other take it', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 4 }),
        fc.nat(1000),
        (spec: AugmentationSpec, seed) => {
          const pieces = spec.map((one) => {
            if (one.kind === 'flip') return flip(one.probability);
            if (one.kind === 'shift') return shift(one.maxPixels);
            return one.kind === 'padCrop' ? padCrop(one.pixels, one.padding) : flip(0);
          });
          const source = pixels(seed).map((value) => value + 1); // black is nobody's colour
          const expected = run(compose(pieces), source, seed);
          const moves = { rows: new Int32Array(4), columns: new Int32Array(5) };
          drawMoves(spec, shape, randomStream(seed, 'test'), moves);
          const got = Float32Array.from({ length: 60 }, (_, i) => {
            const y = moves.rows[Math.floor(i / 15)];
            const x = moves.columns[Math.floor((i % 15) / 3)];
            return y < 0 || x < 0 ? 0 : source[(y * 5 + x) * 3 + (i % 3)];
          });
          expect(got).toEqual(expected);
        },
      ),
    );
  });
});

describe('in recipes', () => {
  it.each<[unknown, RegExp]>([
    [
      [{ kind: 'flip' }, { kind: 'randomResizedCrop' }],
      /"randomResizedCrop" must be the first step/,
    ],
    [
      [{ kind: 'randomResizedCrop', scale: 0.5 }],
      /scale .* must be a list of two numbers, got 0\.5/,
    ],
    [
      [{ kind: 'randomResizedCrop', scale: [0.5, 2] }],
      /scale .* with 0 < low <= high <= 1, got \[0\.5, 2\]/,
    ],
    [[{ kind: 'randomResizedCrop', ratio: [2, 1] }], /ratio .* with 0 < low <= high, got \[2, 1\]/],
    [[{ kind: 'colorJitter', hue: 0.6 }], /hue .* must be 0 to 0\.5, got 0\.6/],
    [[{ kind: 'colorJitter', brightness: -1 }], /brightness .* must be at least 0, got -1/],
    [[{ kind: 'colorJitter', hues: 0.6 }], /did you mean "hue"/],
    [[{ kind: 'lighting', std: -1 }], /std .* must be at least 0/],
  ])('%j is refused', (spec, message) => {
    expect(() => checkAugmentation(spec)).toThrow(InputError);
    expect(() => checkAugmentation(spec)).toThrow(message);
  });

  it('colours need three channels', () => {
    for (const kind of ['colorJitter', 'lighting'] as const) {
      expect(() => augment([{ kind }], { height: 2, width: 2, channels: 1 })).toThrow(/3 channels/);
    }
  });
});
