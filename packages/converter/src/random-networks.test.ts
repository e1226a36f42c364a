/** Random networks with hostile batch norms: whatever is converted agrees bit for bit, or the conversion throws. */
import '@tensorflow/tfjs-backend-cpu';
import { layers } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { convertModel } from './convert.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const size = fc.integer({ min: 1, max: 3 });
const padding = fc.constantFrom('same' as const, 'valid' as const);

/** One layer, as what it is and the numbers that it is made with. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant('binaryConv' as const),
    filters: fc.constantFrom(1, 2, 5, 33),
    kernelSize: size,
    strides: fc.integer({ min: 1, max: 2 }),
    dilationRate: fc.integer({ min: 1, max: 2 }),
    padding: fc.oneof(padding, fc.integer({ min: 0, max: 3 })),
    padValue: fc.constantFrom(0 as const, 1 as const, -1 as const),
    weightOnly: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('conv' as const),
    filters: fc.integer({ min: 1, max: 4 }),
    kernelSize: size,
    padding,
  }),
  fc.record({
    kind: fc.constantFrom('maxPool' as const, 'meanPool' as const),
    poolSize: size,
    strides: size,
    padding,
  }),
  fc.record({
    kind: fc.constantFrom(
      ...([
        'norm',
        'bias',
        'prelu',
        'rprelu',
        'hardTanh',
        'relu',
        'tanh',
        'flatten',
        'twice',
      ] as const),
    ),
  }),
  fc.record({
    kind: fc.constant('paddedPool' as const),
    poolSize: fc.integer({ min: 2, max: 3 }),
    strides: size,
    padding: fc.constantFrom(0, 1),
  }),
  fc.record({ kind: fc.constant('binaryDense' as const), units: fc.constantFrom(1, 3, 40) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const network = fc.record({
  input: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), size),
  steps: fc.array(step, { minLength: 2, maxLength: 9 }),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

function layerOf(given: Step): tfl.layers.Layer {
  switch (given.kind) {
    case 'binaryConv': {
      const { kind: _, weightOnly, padValue, dilationRate, ...rest } = given;
      const strides = dilationRate > 1 ? 1 : rest.strides;
      const options = { ...rest, strides, dilationRate, seed: 1 };
      return weightOnly
        ? layers.binaryConv2d({ ...options, inputBinarizer: 'none' })
        : layers.binaryConv2d({ ...options, padValue });
    }
    case 'conv':
      return tfl.layers.conv2d(given);
    case 'maxPool':
      return tfl.layers.maxPooling2d(given);
    case 'paddedPool': {
      const { kind: _, ...options } = given;
      return layers.maxPool2d(options);
    }
    case 'meanPool':
      return tfl.layers.averagePooling2d(given);
    case 'norm':
      return layers.batchNorm();
    case 'bias':
      return layers.channelBias();
    case 'prelu':
      return layers.prelu();
    case 'rprelu':
      return layers.rprelu();
    case 'hardTanh':
      return layers.hardTanh();
    case 'relu':
      return tfl.layers.reLU();
    case 'tanh':
      return tfl.layers.activation({ activation: 'tanh' });
    case 'flatten':
      return tfl.layers.flatten();
    case 'twice':
      return tfl.layers.add();
    case 'binaryDense':
      return layers.binaryDense({ units: given.units, seed: 2 });
  }
}

/** As many of the steps as fit: a window may be larger than what is left of the picture, a flatten leaves none. */
function build({ input, steps }: { input: readonly number[]; steps: readonly Step[] }): Model {
  const start = tfl.input({ shape: [...input] });
  let x = tfl.layers.dropout({ rate: 0 }).apply(start) as tfl.SymbolicTensor;
  for (const given of steps) {
    try {
      const layer = layerOf(given);
      const y = layer.apply(given.kind === 'twice' ? [x, x] : x) as tfl.SymbolicTensor;
      // TF.js lets a window stand that does not fit, and computes an empty picture.
      if (y.shape.slice(1).every((side) => Number(side) > 0)) x = y;
    } catch {
      continue;
    }
  }
  const out = layers.batchNorm().apply(x) as tfl.SymbolicTensor;
  return tfl.model({ inputs: start, outputs: out });
}

/** Small integers and halves: sums meet zero exactly, slopes are negative, gammas vanish. Variances stay positive. */
function disturb(model: Model, seed: number): void {
  let state = seed;
  const next = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (const layer of model.layers) {
    for (const weight of layer.weights) {
      const isVariance = weight.originalName.endsWith('movingVariance');
      const values = Array.from(
        { length: weight.read().size },
        () => Math.round(8 * next() - 4) / 2,
      );
      weight.write(
        tf.tensor(isVariance ? values.map((v) => v * v) : values, weight.shape.map(Number)),
      );
    }
  }
}

it('convert and agree', { timeout: 120_000 }, async () => {
  let proven = 0;
  await fc.assert(
    fc.asyncProperty(network, async ({ seed, ...given }) => {
      const model = build(given);
      disturb(model, seed);
      const x = tf.randomUniform([3, ...given.input], -2, 2, 'float32', seed);
      const halves = tf.div(tf.round(tf.mul(x, 2)), 2);
      x.dispose();
      const { report } = await convertModel(model, { inputs: [halves], inputsAre: 'halves' });
      expect(report.agreement.equalOutputs).toBe(3);
      proven += 1;
      model.dispose();
    }),
    { numRuns: 120 },
  );
  expect(proven).toBeGreaterThan(100);
});

it(
  'convert and agree with float layers of any form, and merged',
  { timeout: 120_000 },
  async () => {
    const forms = fc.constantFrom('f32', 'f16', 'i8', 'i8-weights');
    const given = fc.record({ network, floatWeights: forms, merge: fc.boolean() });
    let proven = 0;
    await fc.assert(
      fc.asyncProperty(given, async ({ network: { seed, ...rest }, floatWeights, merge }) => {
        const model = build(rest);
        disturb(model, seed);
        const x = (drawn: number) => tf.randomUniform([3, ...rest.input], -2, 2, 'float32', drawn);
        const calibration = { inputs: [x(seed + 1)], inputsAre: 'others' };
        const inputs = [x(seed)];
        const conversion = convertModel(model, {
          inputs,
          inputsAre: 'noise',
          floatWeights,
          merge,
          ...(floatWeights === 'i8' && { calibration }),
        });
        const report = await conversion.then(
          (done) => done.report,
          (error: unknown) => String(error),
        );
        model.dispose();
        if (typeof report === 'string') {
          // No float layer, or one that reads zeros only: nothing to calibrate.
          expect(report).toMatch(/there is none|reads nothing but zeros/);
          return;
        }
        expect(report.agreement.equalUnmerged ?? report.agreement.equalOutputs).toBe(3);
        proven += 1;
      }),
      { numRuns: 80 },
    );
    expect(proven).toBeGreaterThan(50);
  },
);
