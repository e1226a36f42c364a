/** Merged multiply-adds: their numbers by formulas written here, what is merged always, and what is told of the rest. */
import '@tensorflow/tfjs-backend-cpu';
import { batchNormCoefficients, binaryLayers, layers } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { decodeModel, PackedModel } from '@surge-bnn/runtime';
import type { ModelSource } from '@surge-bnn/runtime';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../convert.js';
import { everyLayer, pictures, scaledSigns, trained } from '../every-layer.fixture.js';
import { packModel } from '../pack.js';
import { floatsOf } from '../stored.js';
import { joined, joinIsExact } from './affine.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const f = Math.fround;

/** With drawn weights; variances positive. */
function drawn(layerList: tfl.layers.Layer[]): Model {
  const model = tfl.sequential({ layers: layerList });
  model.setWeights(
    model.weights.map(({ shape, originalName }, i) => {
      const values = tf.randomNormal(shape.map(Number), 0, 1, 'float32', i + 1);
      return /variance/i.test(originalName) ? tf.abs(values) : values;
    }),
  );
  return model;
}

const opsOf = ({ graph }: ModelSource) => graph.nodes.map(({ op }) => op);

function numbersOf({ tensors }: ModelSource, key: string): number[] {
  const tensor = tensors.get(key);
  if (tensor === undefined) throw new Error(`${key} is not among ${[...tensors.keys()].join()}`);
  return [...floatsOf(tensor)];
}

const merged = (model: Model) => packModel(model, { merge: true }).source;

describe('a multiply-add', () => {
  const conv = (padding: 'same' | 'valid', useBias: boolean) =>
    tfl.layers.conv2d({ name: 'conv', filters: 3, kernelSize: 2, padding, useBias });
  const norm = (name = 'norm') => tfl.layers.batchNormalization({ name });
  const input = () => tfl.layers.inputLayer({ inputShape: [4, 4, 2] });
  const weight = (model: Model, name: string) =>
    Array.from(model.getLayer(name).getWeights()[0].dataSync());
  const biasOf = (model: Model, name: string) =>
    Array.from(model.getLayer(name).getWeights()[1]?.dataSync() ?? []);

  it.each([true, false])('behind a convolution (with a bias: %s) goes into it', (useBias) => {
    const model = drawn([input(), conv('same', useBias), norm()]);
    const source = merged(model);
    expect(opsOf(source)).toEqual(['conv2d']);
    const { a, b } = batchNormCoefficients(model.getLayer('norm'));
    const bias = biasOf(model, 'conv');
    expect(numbersOf(source, 'conv/kernel')).toEqual(
      weight(model, 'conv').map((w, i) => f(w * a[i % 3])),
    );
    expect(numbersOf(source, 'conv/bias')).toEqual(
      [0, 1, 2].map((c) => f(a[c] * (bias[c] ?? 0) + b[c])),
    );
  });

  it('behind pools goes past them, the largest only where no scale is negative', () => {
    const pools = (kind: 'max' | 'average', gammas: number[]) => {
      const window = { poolSize: 2, strides: 1 } as const;
      const pool =
        kind === 'max' ? tfl.layers.maxPooling2d(window) : tfl.layers.averagePooling2d(window);
      const model = drawn([input(), conv('valid', true), pool, norm()]);
      const layer = model.getLayer('norm');
      layer.setWeights([tf.tensor1d(gammas), ...layer.getWeights().slice(1)]);
      return model;
    };
    for (const model of [pools('max', [2, 0, 0.5]), pools('average', [2, -3, 0.5])]) {
      const source = merged(model);
      expect(opsOf(source)).toHaveLength(2);
      expect(opsOf(source)).not.toContain('affine');
      const x = tf.randomUniform([1, 4, 4, 2], -1, 1, 'float32', 5);
      const outputs = PackedModel.from(source).run(Float32Array.from(x.dataSync()));
      const expected = model.predict(x);
      if (Array.isArray(expected)) throw new Error('one output');
      expected.dataSync().forEach((value, i) => expect(outputs[i]).toBeCloseTo(value, 4));
    }
    expect(opsOf(merged(pools('max', [2, -3, 0.5])))).toContain('affine');
  });

  it('in front of a convolution without padding goes into it, by input channel', () => {
    const model = drawn([input(), norm(), conv('valid', true)]);
    const source = merged(model);
    expect(opsOf(source)).toEqual(['conv2d']);
    const { a, b } = batchNormCoefficients(model.getLayer('norm'));
    const kernel = weight(model, 'conv');
    expect(numbersOf(source, 'conv/kernel')).toEqual(
      kernel.map((w, i) => f(w * a[Math.floor(i / 3) % 2])),
    );
    const bias = biasOf(model, 'conv').map((value, filter) => {
      let sum = value;
      for (let tap = 0; tap < 4; tap++) {
        for (let c = 0; c < 2; c++) sum += kernel[(tap * 2 + c) * 3 + filter] * b[c];
      }
      return f(sum);
    });
    expect(numbersOf(source, 'conv/bias')).toEqual(bias);
  });

  it('in front of a padded convolution stays: outside the picture stands 0', () => {
    expect(opsOf(merged(drawn([input(), norm(), conv('same', true)])))).toEqual([
      'affine',
      'conv2d',
    ]);
  });

  it('in front of a grouped convolution goes into the weights of its group', () => {
    const grouped = tfl.layers.depthwiseConv2d({ name: 'conv', kernelSize: 2, depthMultiplier: 2 });
    const model = drawn([input(), norm(), grouped]);
    const source = merged(model);
    expect(opsOf(source)).toEqual(['conv2d']);
    const { a } = batchNormCoefficients(model.getLayer('norm'));
    // [2, 2, 1, 4]: filters 0 and 1 read channel 0, the others channel 1.
    expect(numbersOf(source, 'conv/kernel')).toEqual(
      weight(model, 'conv').map((w, i) => f(w * a[Math.floor((i % 4) / 2)])),
    );
  });

  it('in front of a flatten and a dense layer goes into that', () => {
    const dense = tfl.layers.dense({ name: 'dense', units: 3, useBias: false });
    const model = drawn([input(), norm(), tfl.layers.flatten(), dense]);
    const source = merged(model);
    expect(opsOf(source)).toEqual(['reshape', 'dense']);
    const { a, b } = batchNormCoefficients(model.getLayer('norm'));
    const kernel = weight(model, 'dense');
    expect(numbersOf(source, 'dense/kernel')).toEqual(
      kernel.map((w, i) => f(w * a[Math.floor(i / 3) % 2])),
    );
    const bias = [0, 1, 2].map((u) => {
      let sum = 0;
      for (let c = 0; c < 32; c++) sum += kernel[c * 3 + u] * b[c % 2];
      return f(sum);
    });
    expect(numbersOf(source, 'dense/bias')).toEqual(bias);
  });

  it('behind another becomes one with it', () => {
    const model = drawn([input(), tfl.layers.reLU(), norm('one'), norm('two'), norm('three')]);
    const source = merged(model);
    expect(opsOf(source)).toEqual(['relu', 'affine']);
    const [one, two, three] = ['one', 'two', 'three'].map((name) =>
      batchNormCoefficients(model.getLayer(name)),
    );
    const a = [0, 1].map((c) => f(f(one.a[c] * two.a[c]) * three.a[c]));
    const b = [0, 1].map((c) => f(three.a[c] * f(two.a[c] * one.b[c] + two.b[c]) + three.b[c]));
    expect(numbersOf(source, 'one/a')).toEqual(a);
    expect(numbersOf(source, 'one/b')).toEqual(b);
  });

  it('that something else reads, too, stays', () => {
    const start = tfl.input({ shape: [4] });
    const on = (layer: tfl.layers.Layer, ...x: tfl.SymbolicTensor[]) =>
      layer.apply(x.length === 1 ? x[0] : x) as tfl.SymbolicTensor;
    const dense = on(tfl.layers.dense({ name: 'dense', units: 4 }), start);
    const sum = on(tfl.layers.add(), dense, on(layers.batchNorm({ name: 'norm' }), dense));
    expect(opsOf(merged(tfl.model({ inputs: start, outputs: sum })))).toEqual([
      'dense',
      'affine',
      'add',
    ]);
    const normed = on(layers.batchNorm({ name: 'norm' }), start);
    const both = on(tfl.layers.add(), normed, on(tfl.layers.dense({ units: 4 }), normed));
    expect(opsOf(merged(tfl.model({ inputs: start, outputs: both })))).toEqual([
      'affine',
      'dense',
      'add',
    ]);
  });

  it('beside a kernel that a second call reads, too, stays', () => {
    const start = tfl.input({ shape: [4] });
    const twice = tfl.layers.dense({ name: 'twice', units: 4 });
    const once = layers.batchNorm({ name: 'norm' }).apply(twice.apply(start)) as tfl.SymbolicTensor;
    const end = twice.apply(once) as tfl.SymbolicTensor;
    expect(opsOf(merged(tfl.model({ inputs: start, outputs: end })))).toEqual([
      'dense',
      'affine',
      'dense',
    ]);
  });

  it('whose merged numbers are beyond float32 stays', () => {
    const model = drawn([input(), conv('same', false), norm()]);
    model.getLayer('conv').setWeights([tf.fill([2, 2, 2, 3], 3e38)]);
    const [gamma, ...rest] = model.getLayer('norm').getWeights();
    model
      .getLayer('norm')
      .setWeights([tf.onesLike(gamma), ...rest.slice(0, 2), tf.fill([3], 0.01)]);
    expect(opsOf(merged(model))).toEqual(['conv2d', 'affine']);
  });
});

describe('what is the same to the last bit', () => {
  /** A binary layer whose scale is the mean of |w|, then a batch norm that no sign follows. */
  function scaled(size: number, ...behind: tfl.layers.Layer[]): Model {
    const binary = layers.binaryDense({
      name: 'binary',
      units: 4,
      seed: 1,
      weightBinarizer: scaledSigns,
      inputShape: [6],
    });
    const model = drawn([binary, ...behind]);
    const [layer] = binaryLayers(model);
    const signs = layer.binaryKernel.read();
    layer.binaryKernel.write(tf.tidy(() => tf.mul(tf.sign(signs), size)));
    return model;
  }
  const norm = () => layers.batchNorm({ name: 'norm' });

  it('is merged unasked: a power of two behind integers', () => {
    const source = packModel(scaled(0.25, norm())).source;
    expect(opsOf(source)).toEqual(['sign', 'binaryDense', 'affine']);
    const { a, b } = batchNormCoefficients(scaled(0.25, norm()).getLayer('norm'));
    expect(numbersOf(source, 'binary/scale')).toEqual([...a.map((value) => value / 4)]);
    expect(numbersOf(source, 'binary/scale/b')).toEqual([...b]);
  });

  it('is merged unasked: a multiplication, then an addition', () => {
    const bias = layers.channelBias({ name: 'bias' });
    const model = scaled(0.3, bias);
    const source = packModel(model).source;
    expect(opsOf(source)).toEqual(['sign', 'binaryDense', 'affine']);
    expect(new Set(numbersOf(source, 'binary/scale'))).toEqual(new Set([f(0.3)]));
    expect(numbersOf(source, 'binary/scale/b')).toEqual([...bias.getWeights()[0].dataSync()]);
  });

  it('and only that: other scales stay unless it is asked for', () => {
    expect(opsOf(packModel(scaled(0.3, norm())).source)).toEqual([
      'sign',
      'binaryDense',
      'affine',
      'affine',
    ]);
    expect(opsOf(merged(scaled(0.3, norm())))).toEqual(['sign', 'binaryDense', 'affine']);
  });

  it('is found by trying every integer', () => {
    const one = fc.tuple(
      fc.constantFrom(1, 2, -0.5, 0, 0.3),
      fc.constantFrom(undefined, 0, 1, -0.75, 0.1),
    );
    fc.assert(
      fc.property(one, one, fc.integer({ min: 1, max: 40 }), ([a1, b1], [a2, b2], largest) => {
        const of = (a: number, b: number | undefined) => ({
          a: Float32Array.of(a),
          ...(b === undefined ? {} : { b: Float32Array.of(b) }),
        });
        const [first, second] = [of(a1, b1), of(a2, b2)];
        const both = joined(first, second);
        const differs = Array.from({ length: 2 * largest + 1 }, (_, i) => i - largest).some((x) => {
          const chain = [first, second].reduce((v, { a, b }) => f(f(a[0] * v) + (b?.[0] ?? -0)), x);
          const [a, b] = [both.a?.[0] ?? 1, both.b?.[0] ?? -0];
          return !Object.is(chain, f(f(a * x) + b));
        });
        expect(joinIsExact(first, second, largest)).toBe(!differs);
        expect(joinIsExact(first, second, undefined)).toBe(false);
      }),
    );
  });

  it('changes no output', async () => {
    for (const model of [scaled(0.5, norm()), scaled(0.3, layers.channelBias())]) {
      const inputs = [tf.randomNormal([50, 6], 0, 1, 'float32', 3)];
      const { report } = await convertModel(model, { inputs, inputsAre: 'noise' });
      expect(report.agreement).toEqual({
        inputs: 50,
        inputsAre: 'noise',
        equalOutputs: 50,
        equalPredictions: 50,
        largestDifference: 0,
      });
    }
  });
});

describe('a network with every layer', () => {
  it('merged is proven without merging, and told how it differs', async () => {
    const model = await trained(everyLayer());
    const proof = () => ({ inputs: [pictures(17)], inputsAre: 'random pictures' });
    const plain = await convertModel(model, proof());
    const { bytes, report } = await convertModel(model, { ...proof(), merge: true });
    const { agreement } = report;
    expect(agreement.equalUnmerged).toBe(17);
    expect(agreement.rounding?.of).toEqual(['merged multiply-adds']);
    const x = pictures(17).dataSync<'float32'>();
    const [before, after] = [plain.bytes, bytes].map((file) => PackedModel.fromBytes(file).run(x));
    const differences = after.map((value, i) => Math.abs(value - before[i]));
    expect(agreement.rounding?.largestDifference).toBe(Math.max(...differences));
    expect(agreement.largestDifference).toBe(agreement.rounding?.largestDifference);
    const equal = Array.from({ length: 17 }, (_, i) =>
      differences.subarray(5 * i, 5 * i + 5),
    ).filter((row) => row.every((d) => d === 0));
    expect(agreement.equalOutputs).toBe(equal.length);
    // Signs near zero may flip, most do not.
    expect(differences.filter((d) => d < 1e-4).length).toBeGreaterThan(60);
    const affine = (file: Uint8Array) =>
      opsOf(decodeModel(file)).filter((op) => op === 'affine').length;
    expect(affine(bytes)).toBeLessThan(affine(plain.bytes));
    expect(report.size.payload).toBeLessThan(plain.report.size.payload);
    expect(report.layers.reduce((sum, layer) => sum + layer.bytes, 0)).toBe(report.size.payload);
    const remarks = report.layers.filter(({ remark }) => remark?.startsWith('merged into'));
    expect(remarks.map(({ layer }) => layer)).toContain('tfNorm');
  });

  it('merged and of int8 is calibrated as it ships', async () => {
    const model = await trained(everyLayer());
    const { report } = await convertModel(model, {
      inputs: [pictures(9)],
      inputsAre: 'random pictures',
      merge: true,
      floatWeights: 'i8',
      calibration: { inputs: [pictures(8, 3)], inputsAre: 'others' },
    });
    expect(report.agreement.equalUnmerged).toBe(9);
    expect(report.agreement.rounding?.of).toEqual(['int8 layers', 'merged multiply-adds']);
  });
});
