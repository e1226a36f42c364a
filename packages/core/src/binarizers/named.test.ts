/** Case tables of the published methods, worked out by hand: effective weights, values of the inputs, slopes; and what settings may be. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
// TF.js registers its gradients when this is imported; tfjs-core alone has none under Node.
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { binaryMatMul } from '../ops/binary-conv2d.js';
import type { BinarizerSpec } from './registry.js';
import {
  binarizers,
  inputBinarizers,
  methodSettings,
  resolveBinarizer,
  resolveInputBinarizer,
  resolveMethod,
  specOf,
} from './registry.js';
import { noTransform } from './transforms.js';
import { withoutShift } from './without-shift.js';

beforeAll(() => tf.setBackend('cpu'));

/** The effective weights, read off as the products with unit vectors. */
function effective(weightBinarizer: BinarizerSpec, filters: number[][], p: number): number[][] {
  return tf.tidy(() => {
    const kernel = tf.transpose(tf.tensor2d(filters));
    const units = tf.eye(filters[0].length);
    const e = binaryMatMul(units, kernel, { inputBinarizer: 'none', weightBinarizer, p });
    return tf.transpose(e).arraySync() as number[][];
  });
}

const two = [
  [3, 1, -1, -2], // mean 0.25, mean |w| 1.75, sum of squares about the mean 14.75
  [0.5, -0.5, 0, 0.25], // mean 0.0625, mean |w| 0.3125, sum of squares about the mean 0.546875
];
const std = [Math.sqrt(14.75 / 4), Math.sqrt(0.546875 / 4)];
const perFilter = [
  [1.75, 1.75, -1.75, -1.75],
  [0.3125, -0.3125, 0.3125, 0.3125],
];
const centred = [
  [1, 1, -1, -1],
  [1, -1, -1, 1],
];
const layerMean = (1.75 + 0.3125) / 2;

const weights: [BinarizerSpec, number, number[][], number[][]][] = [
  ['xnor-net', 0, two, perFilter],
  ['bi-real', 0, two, perFilter],
  ['reactnet', 0, two, perFilter],
  // mean |v| is 0.789 and 0.732: the powers of two next to it are 1.
  ['ir-net', 0, two, centred],
  // 0.619 of a filter with an outlier: 1/2.
  ['ir-net', 0, [[9, 0, 0, 0, 0, 0, 0, 0]], [[0.5, ...new Array<number>(7).fill(-0.5)]]],
  ['recu', 0.5, two, centred],
  ['reste', 0, two, two.map((f) => f.map((w) => (w < 0 ? -layerMean : layerMean)))],
  // sin of 2, 4, -2 and 10.
  ['biper', 1, [[0.1, 0.2, -0.1, 0.5]], [[1, -1, -1, -1]]],
  ['biper', 0, [[0.1, -0.1]], [[Math.sin(2), -Math.sin(2)]]],
  ['adabin', 0, two, centred.map((f, i) => f.map((s) => s * std[i] + [0.25, 0.0625][i]))],
  ['bnext', 0, two, [[1, 1, -1, -1], two[1]]],
  // T = 0.9^2 after two of 512 epochs.
  [{ name: 'bnext', epochs: 2 }, 1, [[0.5, -0.1]], [[0.5 / 0.81, -0.1 / 0.81]]],
  [
    'bnext',
    0.5,
    two,
    [
      [1, 1, -1, -1],
      [1, -1, 1, 1],
    ],
  ],
  // The filters' means are 0.25 and 0.0625, their mean 0.15625; a weight at the mean is +1.
  ['bibert', 0, two, centred.map((f, i) => f.map((s) => s * Math.abs(perFilter[i][0])))],
  ['bit', 0, two, two.map((f) => f.map((w) => (w < 0.15625 ? -layerMean : layerMean)))],
  ['bop', 0, [[1, -1]], [[1, -1]]],
];

describe('effective weights', () => {
  it.each(weights)('%j at p = %d', (spec, p, filters, expected) => {
    const e = effective(spec, filters, p).flat();
    expected.flat().forEach((value, i) => {
      expect(e[i]).toBeCloseTo(value, 5);
    });
  });

  it('of a constant filter are an error where its deviation divides, and none where it has an epsilon', () => {
    const flat =
      /all weights of a filter are equal .* "\w+-?\w*" divides by their standard deviation/;
    expect(() => effective('ir-net', [[1, 1]], 0)).toThrow(flat);
    expect(() => effective('adabin', [[1, 1]], 0)).toThrow(flat);
    expect(() => effective('ir-net', [[1, NaN]], 0)).toThrow(/the kernel holds a NaN/);
    expect(effective('recu', [[1, 1]], 0)).toEqual([[1, 1]]);
  });
});

it('ReCU divides a whole sample of a sequence by one deviation, not each of its positions by its own', () => {
  const [samples, positions, channels] = [2, 3, 2];
  const x = [0.1, -0.4, 2, 1, -3, 0.2, 0.5, 0.6, -0.7, 0.2, 0.3, -0.1];
  const g = [1, -2, 0.5, 3, 1, -1];
  const kernel = [1, -1];
  const f = (t: tf.Tensor) =>
    tf.sum(
      tf.mul(
        binaryMatMul(t, tf.tensor2d(kernel, [2, 1]), {
          inputBinarizer: 'recu',
          weightBinarizer: 'ste',
        }),
        tf.tensor3d(g, [samples, positions, 1]),
      ),
    );
  const dx = tf.tidy(() => [
    ...tf
      .grad(f)(tf.tensor3d(x, [samples, positions, channels]))
      .dataSync(),
  ]);
  const n = positions * channels;
  for (let sample = 0; sample < samples; sample++) {
    const own = x.slice(sample * n, (sample + 1) * n);
    const mean = own.reduce((a, b) => a + b) / n;
    const s = Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1) + 1e-5);
    const atU = own.map(
      (v, i) =>
        g[sample * positions + Math.floor(i / channels)] *
        kernel[i % channels] *
        Math.max(0, 2 - 2 * Math.abs(v / s)),
    );
    const along = atU.reduce((a, b, i) => a + b * own[i], 0);
    own.forEach((v, i) => {
      const expected = atU[i] / s - ((v - mean) * along) / ((n - 1) * s ** 3);
      expect(dx[sample * n + i]).toBeCloseTo(expected, 4);
    });
  }
});

/** side, u, slope. */
const slopes: [BinarizerSpec, 'input' | 'weight', number, [number, number][]][] = [
  [
    'ir-net',
    'input',
    0,
    [
      [0, 1],
      [100, 1 - Math.tanh(0.1) ** 2],
    ],
  ],
  [
    'ir-net',
    'weight',
    1,
    [
      [0, 10],
      [-0.1, 10 * (1 - Math.tanh(1) ** 2)],
      [20, 0],
    ],
  ],
  [
    { name: 'ir-net', start: -1 },
    'input',
    0,
    [
      [0, 1],
      [10, 1 - Math.tanh(1) ** 2],
    ],
  ],
  [
    'reste',
    'input',
    0,
    [
      [0, 1],
      [1.5, 1],
      [-1.51, 0],
    ],
  ],
  [
    'reste',
    'weight',
    1,
    [
      [0.05, 4.6416],
      [0.1, 4.6416],
      [-0.5, 0.52913],
      [1.5, 0.25438],
      [1.51, 0],
    ],
  ],
  [
    'reactnet',
    'input',
    0,
    [
      [0.25, 1.5],
      [-1.1, 0],
    ],
  ],
  ['recu', 'input', 0, [[-0.5, 1]]],
  ['recu', 'weight', 0, [[3, 1]]],
  [
    'bnext',
    'input',
    0,
    [
      [1.5, 1],
      [1.6, 0],
    ],
  ],
  ['adabin', 'input', 0, [[0, 2]]],
  // Inputs may be whole numbers, so the border counts.
  [
    'bibert',
    'input',
    0,
    [
      [-1, 0],
      [-Math.fround(1 - 2 ** -24), 1],
      [0, 1],
      [1, 0],
    ],
  ],
  [
    'bibert',
    'weight',
    0,
    [
      [-1, 1],
      [1, 1],
      [1.01, 0],
    ],
  ],
  [
    { name: 'bit', bits: 2 },
    'input',
    0,
    [
      [-2.01, 0],
      [-2, 1],
      [1, 1],
      [1.01, 0],
    ],
  ],
  [
    { name: 'bit', bits: 2, set: 'unsigned' },
    'input',
    0,
    [
      [-0.01, 0],
      [0, 1],
      [3, 1],
      [3.01, 0],
    ],
  ],
];

describe('slopes', () => {
  it.each(slopes)('%j, %s, at p = %d', (spec, side, p, rows) => {
    const found = side === 'input' ? resolveInputBinarizer(spec) : resolveBinarizer(spec);
    if (found === 'none') throw new Error('no binarizer');
    for (const [u, slope] of rows) {
      const value = tf.tidy(() => found.surrogate.slope(tf.tensor1d([u]), p).dataSync()[0]);
      expect(value, `at ${u}`).toBeCloseTo(slope, 4);
    }
  });

  it.each(Object.keys(binarizers))('of %s are derivatives of their antiderivatives', (name) => {
    for (const table of [inputBinarizers, binarizers]) {
      const { surrogate } = table[name as keyof typeof table];
      const { antiderivative } = surrogate;
      if (antiderivative === undefined) throw new Error('no antiderivative');
      for (const p of [0, 0.37, 1]) {
        for (const u of [-1.9, -1.2, -0.61, -0.07, 0.03, 0.2, 0.83, 1.3, 1.7]) {
          const h = 1e-5;
          const difference = (antiderivative(u + h, p) - antiderivative(u - h, p)) / (2 * h);
          const slope = tf.tidy(() => surrogate.slope(tf.tensor1d([u]), p).dataSync()[0]);
          expect(Math.abs(slope - difference), `at ${u}, p = ${p}`).toBeLessThan(1e-3);
        }
      }
    }
  });
});

describe("IR-Net's scale", () => {
  it('is that of the v whose signs are taken, rounded as they are', () => {
    // Filters of two weights: |v| = 1 / sqrt(2), the very border between the scales 1/2 and 1, and the last bit of v decides.
    const kernel = tf.randomNormal([2, 64], 0, 1, 'float32', 3);
    const [first, second] = kernel.arraySync() as number[][];
    const f = Math.fround;
    const expected = first.map((w, c) => {
      const mean = f((w + second[c]) / 2);
      const centred = [f(w - mean), f(second[c] - mean)];
      const inverse = f(1 / f(Math.sqrt(f(f(centred[0] ** 2) + f(centred[1] ** 2)))));
      const magnitude = f(centred.reduce((sum, d) => sum + Math.abs(f(d * inverse)), 0) / 2);
      return 2 ** Math.round(Math.log2(magnitude));
    });
    expect(new Set(expected)).toEqual(new Set([0.5, 1]));
    const scale = binarizers['ir-net'].scale?.scale(kernel, [], 0);
    expect([...(scale?.dataSync() ?? [])]).toEqual(expected);
  });
});

describe('withoutShift', () => {
  // The slopes of ReActNet and BNext at 0.3, 1.2 and 2: max(0, 2 - 2|u|) and 1[|u| <= 1.5].
  it.each([
    ['reactnet', { name: 'reactnet', shift: false }, [1.4, 0, 0]],
    [{ name: 'reactnet', weights: 'real' }, undefined, [1.4, 0, 0]],
    ['bnext', { name: 'bnext', shift: false }, [1, 1, 0]],
    [{ name: 'bnext', epochs: 100 }, undefined, [1, 1, 0]],
  ] as const)('of %j keeps sign, slope and settings', (given, saved, slopes) => {
    const found = withoutShift(given);
    if (found === 'none') throw new Error('not a binarizer');
    expect(specOf(found)).toEqual(saved ?? { ...(given as object), shift: false });
    expect(found.transform).toBe(noTransform);
    expect([...found.surrogate.slope(tf.tensor1d([0.3, 1.2, 2]), 0).dataSync()]).toEqual(
      slopes.map(Math.fround),
    );
  });

  it("takes BiT's threshold and leaves it its scale", () => {
    const found = withoutShift({ name: 'bit', set: 'unsigned' });
    expect(specOf(found)).toEqual({ name: 'bit', set: 'unsigned', shift: false });
    expect(found).toMatchObject({ transform: { parameters: [{ name: 'inputScale' }] } });
  });

  it('leaves others as they are, and takes the shift of one that nobody published, too', () => {
    for (const name of ['ste', 'adabin', 'none'] as const) {
      expect(withoutShift(name)).toBe(resolveInputBinarizer(name));
    }
    const own = { ...inputBinarizers.reactnet, name: 'own' };
    expect(withoutShift(own)).toMatchObject({ name: 'own', transform: noTransform });
  });
});

describe('settings', () => {
  it('are kept for a saved layer, on either side', () => {
    const spec = { name: 'ir-net', start: -1 } as const;
    expect(specOf(resolveBinarizer(spec))).toEqual(spec);
    expect(specOf(resolveInputBinarizer(spec))).toEqual(spec);
    expect(specOf(resolveBinarizer('recu'))).toBe('recu');
    const { weight } = resolveMethod(spec);
    expect(typeof weight === 'string' ? weight : specOf(weight)).toEqual(spec);
    expect(methodSettings('biper')).toEqual(['realUntil', 'omega', 'tau', 'scale']);
    expect(methodSettings('ste')).toEqual([]);
  });

  it.each([
    ['{"name": "ir-net", "strat": 1}', 'did you mean "start"'],
    ['{"name": "ir-net", "start": 11}', '"ir-net": start is the exponent of ten of t'],
    ['{"name": "recu", "end": 1}', 'a quantile tau, a number above 0.5 and below 1, got 1'],
    ['{"name": "recu", "scale": "yes"}', "scale must be 'none' or 'learnable', got \"yes\""],
    ['{"name": "reste", "end": 0.5}', 'a number >= 1, got 0.5'],
    ['{"name": "biper", "realUntil": 2}', 'realUntil must be a number from 0 to 1, got 2'],
    ['{"name": "adabin", "offset": "both"}', "offset must be 'code' or 'paper'"],
    ['{"name": "reactnet", "shift": 0}', '"reactnet": shift must be true or false, got 0'],
    ['{"name": "bnext", "shift": "no"}', 'shift must be true or false, got "no"'],
    ['{"name": "bit", "set": "both"}', "set must be 'signed' or 'unsigned', got \"both\""],
    ['{"name": "bit", "bits": 4}', 'bits must be 1 or 2, got 4'],
    ['{"name": "bit", "shift": 1}', 'shift must be true or false, got 1'],
    ['{"name": "bnext", "epochs": 0}', 'epochs must be a number > 0, got 0'],
    ['{"name": "ste", "width": 2}', 'binarizer "ste" has no settings, got "width"'],
    ['{"name": "irnet"}', 'did you mean "ir-net"'],
  ])('%s is refused', (text, message) => {
    expect(() => resolveBinarizer(JSON.parse(text) as BinarizerSpec)).toThrow(message);
  });
});
