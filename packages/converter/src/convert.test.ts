import '@tensorflow/tfjs-backend-cpu';
import { binaryLayers, layers } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { decodeModel, fileSize, PackedModel } from '@surge-bnn/runtime';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from './convert.js';
import { everyLayer, pictures, trained } from './every-layer.fixture.js';
import { convertibleKinds } from './lower/lower.js';
import { packModel } from './pack.js';
import type { Conversion } from './types.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const proof = (count = 3) => ({ inputs: [pictures(count)], inputsAre: 'random pictures' });

describe('a trained network with every layer', () => {
  let model: Model;
  let conversion: Conversion;
  beforeAll(async () => {
    model = await trained(everyLayer());
    conversion = await convertModel(model, { ...proof(17), classes: ['a', 'b', 'c', 'd', 'e'] });
  });

  it('really has every kind', () => {
    const kinds = new Set(conversion.report.layers.map(({ kind }) => kind));
    const ofTexts = ['SurgeLayerNorm', 'SurgeGelu', 'SelfAttention', 'FirstPiece', 'SurgeDropout'];
    const idle = ['PReLU', 'SpatialDropout1D', 'GaussianDropout', 'AlphaDropout', ...ofTexts];
    expect([...kinds].toSorted()).toEqual(
      convertibleKinds.filter((kind) => !idle.includes(kind)).toSorted(),
    );
  });

  it('agrees bit for bit', () => {
    expect(conversion.report.agreement).toEqual({
      inputs: 17,
      inputsAre: 'random pictures',
      equalOutputs: 17,
      equalPredictions: 17,
      largestDifference: 0,
    });
  });

  it('is close to what TF.js itself predicts', () => {
    const packed = PackedModel.from(decodeModel(conversion.bytes));
    const x = pictures(17);
    const ours = packed.run(Float32Array.from(x.dataSync()));
    const sums = tf.tidy(() => {
      const theirs = (model.predict(x) as tf.Tensor).dataSync();
      return Array.from(ours, (value, i) => Math.abs(value - theirs[i]));
    });
    x.dispose();
    // Their float sums round in another order, so single signs may differ; most outputs must not.
    expect(sums.filter((difference) => difference < 1e-4).length).toBeGreaterThan(60);
  });

  it('folds what can be folded, and tells of every layer', () => {
    const fateOf = (name: string) => conversion.report.layers.find((one) => one.layer === name);
    const opsOf = (name: string) => fateOf(name)?.nodes.map(({ op }) => op);
    expect(opsOf('norm2')).toEqual(['threshold']);
    expect(fateOf('norm2')?.remark).toBe('folded into integer thresholds');
    expect(opsOf('pool')).toEqual(['maxPool2d']);
    expect(fateOf('pool')?.nodes[0].output.type).toBe('bits');
    expect(opsOf('binary3')).toContain('binaryConv2d');
    expect(opsOf('norm6')).toEqual(['threshold']);
    expect(fateOf('dropout')).toMatchObject({ nodes: [], remark: 'nothing left to compute' });
    expect(fateOf('weightOnly')?.remark).toBe('weights are bits, inputs stay float');
    expect(opsOf('sharedNorm')).toHaveLength(2);
  });

  it('has the sizes that are counted before it is written', () => {
    const { report, bytes } = conversion;
    expect(bytes.length).toBe(report.size.total);
    expect(report.layers.reduce((sum, layer) => sum + layer.bytes, 0)).toBe(report.size.payload);
    expect(fileSize(packModel(model).source).payload).toBe(report.size.payload);
    expect(report.floatBytes).toBeGreaterThan(report.size.payload);
  });

  it('gives the same bytes again', async () => {
    const again = await convertModel(model, { ...proof(17), classes: ['a', 'b', 'c', 'd', 'e'] });
    expect(again.bytes).toEqual(conversion.bytes);
  });

  it('leaks no tensor and changes no weight, with float16 kernels either', async () => {
    const weights = () => model.getWeights().map((w) => Array.from(w.dataSync()));
    const before = weights();
    const count = tf.memory().numTensors;
    const { report } = await convertModel(model, { ...proof(9), floatWeights: 'f16' });
    expect(tf.memory().numTensors).toBe(count);
    expect(weights()).toEqual(before);
    expect(report.agreement.equalOutputs).toBe(9);
    expect(report.agreement.rounding?.largestDifference).toBeGreaterThan(0);
    expect(report.size.payload).toBeLessThan(conversion.report.size.payload);
  });

  it('writes the agreement into the file', () => {
    expect(decodeModel(conversion.bytes).metadata.agreement).toEqual(conversion.report.agreement);
  });
});

describe('a conversion refuses', () => {
  const input = (layer: tfl.layers.Layer, ...more: tfl.layers.Layer[]) =>
    tfl.sequential({ layers: [layer, ...more] });
  const dense = (units = 4) => layers.binaryDense({ name: 'binary', units, inputShape: [6] });
  const rows = (count = 2, size = 6) => ({
    inputs: [tf.ones([count, size])],
    inputsAre: 'rows of ones',
  });

  it('a kind of layer that it does not know, by name', async () => {
    const model = input(tfl.layers.elu({ name: 'bent', inputShape: [6] }));
    await expect(convertModel(model, rows())).rejects.toThrow(
      /layer "bent" is of kind ELU, which cannot be converted; convertible kinds: .*BinaryConv2D/,
    );
  });

  it('an activation that it does not know', async () => {
    const model = input(
      tfl.layers.dense({ name: 'soft', units: 2, activation: 'softplus', inputShape: [6] }),
    );
    await expect(convertModel(model, rows())).rejects.toThrow(
      /layer "soft" \(Dense\) cannot be converted: its activation is "softplus"; allowed: linear/,
    );
  });

  it('a binary layer whose sums float32 cannot hold, unless it may stay in float', () => {
    const model = input(dense());
    expect(() => packModel(model, { largestSum: 5 })).toThrow(
      /layer "binary" .*sums of 6 products can exceed 5.*allowFloat/,
    );
    const { layers: fates } = packModel(model, { largestSum: 5, allowFloat: ['binary'] });
    expect(fates[0].nodes.map(({ op, output }) => `${op} ${output.type}`)).toEqual([
      'sign f32',
      'dense f32',
    ]);
    expect(fates[0].remark).toBe('kept in float, as allowed');
  });

  it('allowFloat for a layer that is not binary', () => {
    expect(() => packModel(input(dense()), { allowFloat: ['bnary'] })).toThrow(
      /allowFloat names "bnary".*its binary layers: binary/,
    );
  });

  it('a NaN among the weights, naming the layer', async () => {
    const model = input(dense(), tfl.layers.dense({ name: 'classifier', units: 2 }));
    binaryLayers(model)[0].binaryKernel.write(tf.fill([6, 4], NaN));
    await expect(convertModel(model, rows())).rejects.toThrow(/"binary"/);
    const other = input(tfl.layers.dense({ name: 'classifier', units: 2, inputShape: [6] }));
    other.layers[0].setWeights([tf.fill([6, 2], Infinity), tf.zeros([2])]);
    await expect(convertModel(other, rows())).rejects.toThrow(
      /the kernel of layer "classifier" holds Infinity/,
    );
  });

  it('a float16 kernel beyond its range', async () => {
    const model = input(tfl.layers.dense({ name: 'classifier', units: 2, inputShape: [6] }));
    model.layers[0].setWeights([tf.fill([6, 2], 1e6), tf.zeros([2])]);
    await expect(convertModel(model, { ...rows(), floatWeights: 'f16' })).rejects.toThrow(/65504/);
  });

  it('no inputs, and inputs of another shape', async () => {
    await expect(
      convertModel(input(dense()), { inputs: [], inputsAre: 'nothing' }),
    ).rejects.toThrow(/needs real inputs/);
    await expect(convertModel(input(dense()), rows(2, 7))).rejects.toThrow(
      /must be float32 \[n, 6\], got float32 \[2,7\]/,
    );
  });

  it('a border of zeros that no convolution reads', () => {
    const border = tfl.layers.zeroPadding2d({ name: 'border', inputShape: [4, 4, 1] });
    expect(() => packModel(input(border))).toThrow(/layer "border" .*the output reads it/);
    const other = tfl.layers.zeroPadding2d({ name: 'border', inputShape: [4, 4, 1] });
    const pool = tfl.layers.maxPooling2d({ name: 'pool', poolSize: 2 });
    expect(() => packModel(input(other, pool))).toThrow(/layer "pool" \(MaxPooling2D\) reads it/);
  });

  it('a model with two inputs', () => {
    const [a, b] = [tfl.input({ shape: [3] }), tfl.input({ shape: [3] })];
    const sum = tfl.layers.add().apply([a, b]) as tfl.SymbolicTensor;
    expect(() => packModel(tfl.model({ inputs: [a, b], outputs: sum }))).toThrow(
      /2 inputs and 1 outputs; .*packed by convertText/,
    );
  });

  it('a slope that makes the sign fall and rise: kept in float and told', async () => {
    const model = input(
      layers.binaryDense({ name: 'first', units: 8, seed: 1, inputShape: [6] }),
      layers.prelu({ name: 'bent', alpha: -1 }),
      tfl.layers.batchNormalization({
        name: 'norm',
        betaInitializer: tfl.initializers.constant({ value: -2 }),
      }),
      layers.binaryDense({ name: 'second', units: 3, seed: 2 }),
    );
    const x = tf.randomNormal([20, 6], 0, 1, 'float32', 3);
    const { report } = await convertModel(model, { inputs: [x], inputsAre: 'rows' });
    const fate = report.layers.find(({ layer }) => layer === 'second');
    expect(fate?.remark).toMatch(
      /sign taken of floats: the function of 8 of 8 channels is not monotone/,
    );
    expect(report.agreement.equalOutputs).toBe(20);
  });

  it('stops at a signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(convertModel(input(dense()), { ...rows(), signal })).rejects.toThrow('enough');
  });

  it('re-estimates batch norm on request', async () => {
    const model = input(dense(), layers.batchNorm({ name: 'norm' }));
    const batch = tf.randomNormal([50, 6], 3, 1, 'float32', 1);
    const { report } = await convertModel(model, { ...rows(), reestimateOn: [batch] });
    batch.dispose();
    expect(report.reestimatedOn).toBe(1);
    const mean = model.layers[1].getWeights()[2].dataSync();
    expect(mean.some((value) => value !== 0)).toBe(true);
  });
});
