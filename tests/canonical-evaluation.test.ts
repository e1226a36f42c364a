/**
 * Canonical evaluation (METHOD.md section 4) is the same bits on every backend: a network with every supported layer,
 * and small ones over drawn sizes, where an ordinary forward would differ in its last bits.
 */
import { canonicalForward, canonicalKinds, layers } from '@surge-bnn/core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';

type Symbol = tfl.SymbolicTensor;

const chain = (x: Symbol, ...list: tfl.layers.Layer[]): Symbol =>
  list.reduce((value, layer) => layer.apply(value) as Symbol, x);

/** Every kind of the table, with strides, groups, odd sizes and activations. */
function everyLayer(): tfl.LayersModel {
  const x = tfl.input({ shape: [9, 10, 3] });
  const stem = chain(
    x,
    tfl.layers.zeroPadding2d({
      padding: [
        [1, 0],
        [0, 1],
      ],
    }),
    tfl.layers.cropping2D({
      cropping: [
        [0, 1],
        [1, 0],
      ],
    }),
    tfl.layers.conv2d({ filters: 7, kernelSize: 3, padding: 'same', activation: 'relu' }),
    layers.batchNorm(),
    layers.binaryConv2d({ filters: 9, kernelSize: 3, seed: 3, inputBinarizer: 'none' }),
    layers.binaryConv2d({ filters: 6, kernelSize: 3, seed: 1 }),
    tfl.layers.batchNormalization({}),
    layers.rprelu(),
  );
  const left = chain(
    stem,
    tfl.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', activation: 'tanh' }),
    tfl.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    layers.prelu(),
    tfl.layers.dropout({ rate: 0.5 }),
    tfl.layers.gaussianNoise({ stddev: 1 }),
    tfl.layers.gaussianDropout({ rate: 0.5 }),
    tfl.layers.alphaDropout({ rate: 0.5 }),
  );
  const right = chain(
    stem,
    layers.maxout(),
    layers.channelBias(),
    layers.l2Norm({ scale: 3 }),
    layers.maxPool2d({ poolSize: 3, strides: 1, padding: 1 }),
    layers.hardTanh(),
    tfl.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    tfl.layers.leakyReLU({ alpha: 0.1 }),
    tfl.layers.prelu({ sharedAxes: [1, 2], alphaInitializer: 'randomNormal' }),
  );
  const joined = tfl.layers
    .concatenate()
    .apply([
      tfl.layers.add().apply([left, right]) as Symbol,
      tfl.layers.multiply().apply([left, right]) as Symbol,
      tfl.layers.maximum().apply([left, right]) as Symbol,
      tfl.layers.minimum().apply([left, right]) as Symbol,
    ]) as Symbol;
  const padded = chain(
    joined,
    layers.padChannels({ before: 2, after: 1 }),
    layers.conv2d({ filters: 4, kernelSize: 3, padding: 1 }),
    layers.conv2d({ filters: 4, kernelSize: 3, padding: 2, dilationRate: 2 }),
    layers.doubled2d(),
    layers.maxPool2d({ poolSize: 2, strides: 2 }),
  );
  const bent = chain(
    layers.hardTanh().apply([padded, chain(padded, layers.batchNorm())]) as Symbol,
    layers.batchNorm({ activation: 'hardTanh' }),
    tfl.layers.conv2d({ filters: 5, kernelSize: 1, activation: 'sigmoid', useBias: false }),
    tfl.layers.activation({ activation: 'relu6' }),
    tfl.layers.reLU({ maxValue: 0.9 }),
  );
  const pooled = [
    tfl.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }).apply(bent) as Symbol,
    tfl.layers.globalMaxPooling2d({ dataFormat: 'channelsLast' }).apply(bent) as Symbol,
    chain(
      bent,
      tfl.layers.permute({ dims: [2, 1, 3] }),
      tfl.layers.reshape({ targetShape: [25, 5] }),
      tfl.layers.spatialDropout1d({ rate: 0.5 }),
      layers.binaryConv1d({ filters: 4, kernelSize: 3, padding: 1, seed: 5 }),
      layers.binaryConv1d({ filters: 5, kernelSize: 3, inputBinarizer: 'none', seed: 6 }),
      tfl.layers.maxPooling1d({ poolSize: 2 }),
      tfl.layers.dense({ units: 3 }),
      tfl.layers.globalMaxPooling1d(),
      tfl.layers.repeatVector({ n: 2 }),
      tfl.layers.flatten(),
    ),
  ];
  const features = tfl.layers.concatenate().apply(pooled) as Symbol;
  const y = chain(
    features,
    layers.batchNorm(),
    layers.binaryDense({ units: 8, seed: 2 }),
    layers.binaryDense({ units: 7, seed: 4, inputBinarizer: 'none' }),
    layers.layerNorm(),
    tfl.layers.dense({ units: 4 }),
    tfl.layers.softmax({ axis: -1 }),
  );
  return tfl.model({ inputs: x, outputs: y });
}

/** The canonical output of the same weights on each backend, and what an ordinary forward says there. */
async function onEach(make: () => tfl.LayersModel, x: Float32Array, rows: number) {
  await use('cpu');
  const model = make();
  const drawn = model.getWeights().map((w, i) => {
    const values = tf.randomNormal(w.shape, 0, 1, 'float32', 100 + i);
    // Where variances stand, too: those may not be negative.
    const all = tf.add(tf.abs(values), 0.1).dataSync<'float32'>();
    return {
      shape: w.shape,
      values: /variance/i.test(model.weights[i].name) ? all : values.dataSync(),
    };
  });
  model.dispose();
  const results: { canonical: Uint32Array; ordinary: Float32Array; values: Float32Array }[] = [];
  for (const backend of backends) {
    await use(backend);
    const here = make();
    here.setWeights(drawn.map(({ values, shape }) => tf.tensor(values, shape)));
    const input = tf.tensor(x, [rows, ...here.inputs[0].shape.slice(1).map(Number)]);
    const before = tf.memory().numTensors;
    const output = canonicalForward(here, input);
    expect(tf.memory().numTensors, `tensors on ${backend}`).toBe(before + 1);
    const values = output.dataSync<'float32'>();
    const ordinary = (here.apply(input, { training: false }) as tf.Tensor).dataSync<'float32'>();
    results.push({ canonical: new Uint32Array(values.slice().buffer), ordinary, values });
    here.dispose();
  }
  return results;
}

const pictures = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.fround(3 * Math.sin(seed + i * i)));

beforeAll(() => use('cpu'));

describe('canonical evaluation', () => {
  it('of a network with every supported layer has the same bits on every backend', async () => {
    const kinds = new Set(everyLayer().layers.map((layer) => layer.getClassName()));
    for (const kind of canonicalKinds) expect(kinds).toContain(kind);
    const [first, ...others] = await onEach(everyLayer, pictures(5 * 270, 1), 5);
    expect(first.values.every(Number.isFinite)).toBe(true);
    for (const { canonical } of others) expect(canonical).toEqual(first.canonical);
    first.values.forEach((value, i) => {
      expect(value).toBeCloseTo(first.ordinary[i], 4);
    });
  });

  it('of float networks of drawn sizes has the same bits on every backend', async () => {
    const sizes = fc.record({
      height: fc.integer({ min: 3, max: 9 }),
      channels: fc.integer({ min: 1, max: 40 }),
      filters: fc.integer({ min: 1, max: 19 }),
      kernelSize: fc.integer({ min: 1, max: 3 }),
      strides: fc.integer({ min: 1, max: 2 }),
      padding: fc.constantFrom<'same' | 'valid'>('same', 'valid'),
      dilationRate: fc.integer({ min: 1, max: 2 }),
      rows: fc.integer({ min: 1, max: 4 }),
      useBias: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ height, channels, filters, rows, ...options }) => {
        const { kernelSize, strides, dilationRate, padding } = options;
        fc.pre(padding === 'same' || (kernelSize - 1) * dilationRate < height);
        fc.pre(strides === 1 || dilationRate === 1);
        const make = () =>
          tfl.sequential({
            layers: [
              tfl.layers.conv2d({ ...options, filters, inputShape: [height, 5, channels] }),
              tfl.layers.flatten(),
              tfl.layers.dense({ units: 3 }),
            ],
          });
        const count = rows * height * 5 * channels;
        const [first, ...others] = await onEach(make, pictures(count, filters), rows);
        for (const { canonical } of others) expect(canonical).toEqual(first.canonical);
      }),
      { numRuns: 25 },
    );
  });
});
