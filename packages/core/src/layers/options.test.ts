/** Options that nobody reads are refused, and what may be left out has a default. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { binarizers } from '../binarizers/registry.js';
import { setProgress } from '../model/progress.js';
import * as layers from './index.js';

beforeAll(() => tf.setBackend('cpu'));

/** The message of a user's mistake; anything else thrown is a defect. */
function mistake(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  return 'accepted';
}

/** Options as JavaScript may give them, unseen by the compiler. */
const untyped = <T>(options: object): T => options as T;

describe('the binarizers of a layer', () => {
  it.each([
    layers.binaryConv2d({ filters: 2, kernelSize: 3 }),
    layers.binaryDense({ units: 2 }),
    layers.binaryDense({ units: 2, inputBinarizer: undefined }),
  ])('are "ste" when none is named', (layer) => {
    expect([layer.inputBinarizer, layer.weightBinarizer]).toEqual([binarizers.ste, binarizers.ste]);
    expect(layer.latentRange).toEqual([-1, 1]);
  });

  it('are refused when they are neither a name nor an object', () => {
    const options = untyped<{ units: number }>({ units: 1, inputBinarizer: 3 });
    expect(mistake(() => layers.binaryDense(options))).toMatch(/name \(ste, .*, got 3/);
  });

  it('may be none for the inputs, which are then padded with 0, and never for the weights', () => {
    const conv = { filters: 2, kernelSize: 3, inputBinarizer: 'none', name: 'c' } as const;
    expect(layers.binaryConv2d(conv).inputBinarizer).toBe('none');
    expect(layers.binaryConv2d(conv).padValue).toBe(0);
    expect(mistake(() => layers.binaryConv2d({ ...conv, padValue: 1 }))).toBe(
      `layer "c": with inputBinarizer 'none' the float input is padded with 0, so padValue must be 0, got 1`,
    );
    const weights = untyped<{ units: number }>({ units: 1, weightBinarizer: 'none' });
    expect(mistake(() => layers.binaryDense(weights))).toMatch(
      /'none' leaves inputs float and is no binarizer of weights; allowed: ste, identity, /,
    );
    const unknown = untyped<{ units: number }>({ units: 1, inputBinarizer: 'nome' });
    expect(mistake(() => layers.binaryDense(unknown))).toMatch(/did you mean "none"/);
  });

  it('none for the inputs is kept by a saved layer', () => {
    const layer = layers.binaryConv2d({ filters: 2, kernelSize: 3, inputBinarizer: 'none' });
    expect(layer.getConfig()).toMatchObject({ inputBinarizer: 'none', padValue: 0 });
  });
});

describe('an unknown option', () => {
  const conv = { filters: 2, kernelSize: 3 };
  it.each([
    [
      () => layers.binaryConv2d(untyped({ ...conv, stride: 2 })),
      'layers.binaryConv2d "stride" (did you mean "strides"?)',
    ],
    [
      () => layers.binaryConv2d(untyped({ ...conv, inputBinariser: 'ste' })),
      'did you mean "inputBinarizer"',
    ],
    [
      () => layers.binaryDense(untyped({ units: 1, filters: 2 })),
      'layers.binaryDense "filters"; allowed: units',
    ],
    [() => layers.binaryDense(untyped({ unit: 1 })), 'did you mean "units"'],
    [
      () => layers.batchNorm(untyped({ epsilom: 1 })),
      'layers.batchNorm "epsilom" (did you mean "epsilon"?)',
    ],
    [() => layers.layerNorm(untyped({ eps: 1 })), 'layers.layerNorm "eps"'],
    [() => layers.hardTanh(untyped({ nam: 'h' })), 'layers.hardTanh "nam" (did you mean "name"?)'],
    [() => layers.prelu(untyped({ alpa: 1 })), 'layers.prelu "alpa" (did you mean "alpha"?)'],
    [() => layers.rprelu(untyped({ alfa: 1 })), 'layers.rprelu "alfa"'],
  ])('is refused with the nearest right name (%#)', (make, expected) => {
    expect(mistake(make)).toContain(expected);
  });

  it('is not what a saved layer brings back', () => {
    const layer = layers.binaryConv2d({ ...conv, inputShape: [4, 4, 1], trainable: false });
    expect(mistake(() => layers.binaryConv2d(untyped(layer.getConfig())))).toBe('accepted');
  });
});

describe('the progress', () => {
  it('is kept by a saved layer whose weights are real until some p, and by no other', async () => {
    const model = tfl.sequential({
      layers: [layers.binaryDense({ units: 3, weightBinarizer: 'biper', inputShape: [5] })],
    });
    setProgress(model, 1);
    const modelTopology = model.toJSON(null, false) as object;
    const again = await tfl.loadLayersModel(tf.io.fromMemory({ modelTopology }), { strict: false });
    again.setWeights(model.getWeights());
    const weights = model.getWeights()[0].arraySync() as number[][];
    // One +1 and four -1 in each row.
    const units = again.predict(tf.sub(tf.mul(2, tf.eye(5)), 1)) as tf.Tensor;
    // The weights' signs are those of sin(20 W).
    const signs = weights.map((row) => row.map((w) => (Math.sin(20 * w) < 0 ? -1 : 1)));
    const expected = signs.map((row) =>
      row.map((sign, c) => 2 * sign - signs.reduce((sum, other) => sum + other[c], 0)),
    );
    expect(units.arraySync()).toEqual(expected);
    expect(layers.binaryDense({ units: 1 }).getConfig()).not.toHaveProperty('progress');
  });

  it.each([-0.1, 1.5, NaN])('is refused outside of [0, 1]: %d', (progress) => {
    const make = () => layers.binaryDense({ name: 'd', units: 1, progress });
    expect(mistake(make)).toBe(`layer "d": progress must lie in [0, 1], got ${progress}`);
  });
});

describe('the compensator among the options', () => {
  const compensator = { eta: 0.1, seed: 3 };
  it.each([
    [{ eta: 0.1 }, 'whole number as seed'],
    [{ ...compensator, etta: 1 }, 'did you mean "eta"'],
    [{ ...compensator, form: 'lowRank' }, 'needs rank, a whole number >= 1'],
    [compensator, 'accepted'],
  ])('is checked like those of surge: %j', (given, expected) => {
    const options = untyped<{ units: number }>({ units: 2, compensator: given });
    expect(mistake(() => layers.binaryDense(options))).toContain(expected);
  });
});
