/** Legal models of unusual build: repeated names, shared layers, constraints, branches behind one border. */
import '@tensorflow/tfjs-backend-cpu';
import { layers, summarize } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { convertModel } from './convert.js';
import { packModel } from './pack.js';
import type { ConvertOptions } from './types.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Converts on random inputs, which throws where an output differs in a bit. */
function proven(model: Model, options: Partial<ConvertOptions> = {}) {
  const shape = model.inputs[0].shape.slice(1).map(Number);
  const inputs = [tf.randomNormal([7, ...shape], 0, 1, 'float32', 1)];
  return convertModel(model, { inputs, inputsAre: 'noise', ...options });
}

const on = (layer: tfl.layers.Layer, ...x: tfl.SymbolicTensor[]) =>
  layer.apply(x.length === 1 ? x[0] : x) as tfl.SymbolicTensor;

it('nested models may repeat the names of layers', async () => {
  const block = (seed: number) =>
    tfl.sequential({
      layers: [
        layers.binaryDense({ name: 'conv', units: 8, seed, inputShape: [8] }),
        layers.batchNorm({ name: 'norm' }),
      ],
    });
  const model = tfl.sequential({
    layers: [tfl.layers.dense({ units: 8, inputShape: [8] }), block(1), block(2)],
  });
  const { report } = await proven(model);
  expect(report.layers.map(({ layer }) => layer).slice(1)).toEqual([
    'conv',
    'norm',
    'conv#2',
    'norm#2',
  ]);
  expect(() => packModel(model, { allowFloat: ['conv#2'] })).not.toThrow();
});

it('inputs of 2 bits are refused in a sentence', () => {
  const inputBinarizer = { name: 'bit', bits: 2 } as const;
  const model = tfl.sequential({
    layers: [layers.binaryDense({ name: 'two', units: 3, inputBinarizer, inputShape: [4] })],
  });
  expect(() => packModel(model)).toThrow(
    'its inputs have 2 bits (-2, -1, 0, 1), and a model file holds inputs of 1 bit; train the step to 1 bit from these weights',
  );
});

it('weights with a constraint are neither changed nor rounded by it', async () => {
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({
        units: 8,
        inputShape: [8],
        kernelConstraint: tfl.constraints.maxNorm({ maxValue: 0.5, axis: 0 }),
      }),
    ],
  });
  const before = Array.from(model.getWeights()[0].dataSync());
  await proven(model, { floatWeights: 'f16' });
  expect(Array.from(model.getWeights()[0].dataSync())).toEqual(before);
});

it('several functions behind a flatten fold into thresholds', async () => {
  const model = tfl.sequential({
    layers: [
      layers.binaryConv2d({ filters: 3, kernelSize: 2, seed: 1, inputShape: [4, 4, 2] }),
      tfl.layers.flatten(),
      layers.batchNorm(),
      layers.hardTanh(),
      layers.binaryDense({ units: 4, seed: 2 }),
    ],
  });
  const { report } = await proven(model);
  expect(report.layers.flatMap(({ nodes }) => nodes.map(({ op }) => op))).toContain('threshold');
  expect(report.layers.some(({ remark }) => remark?.includes('sign taken of floats'))).toBe(false);
});

it('a slope per position is refused, one per channel is not', async () => {
  const bent = (sharedAxes: number[], shape: number[]) =>
    tfl.sequential({
      layers: [
        tfl.layers.prelu({
          name: 'bent',
          sharedAxes,
          inputShape: shape,
          alphaInitializer: tfl.initializers.randomNormal({ seed: 1 }),
        }),
      ],
    });
  await proven(bent([1, 2], [2, 3, 4]));
  expect(() => packModel(bent([3], [2, 2, 4]))).toThrow(/"bent" .*one entry per channel/);
  expect(() => packModel(bent([], [2, 2, 4]))).toThrow(/"bent" .*one entry per channel/);
});

it('layers are shared by edges of different shapes', async () => {
  const [leaky, relu] = [tfl.layers.leakyReLU({ alpha: 0.3 }), tfl.layers.reLU()];
  const input = tfl.input({ shape: [5] });
  const wide = on(relu, on(leaky, on(tfl.layers.dense({ units: 7 }), input)));
  const narrow = on(relu, on(leaky, input));
  const joined = on(tfl.layers.concatenate(), wide, narrow);
  const model = tfl.model({ inputs: input, outputs: joined });
  const { report } = await proven(model);
  expect(report.floatBytes).toBe(4 * (5 * 7 + 7));
});

it('a binary convolution is called twice, and counted twice', async () => {
  const input = tfl.input({ shape: [5, 4, 3] });
  const twice = layers.binaryConv2d({ name: 'twice', filters: 3, kernelSize: 3, seed: 1 });
  const model = tfl.model({ inputs: input, outputs: on(twice, on(twice, input)) });
  await proven(model);
  expect(summarize(model).total.binaryMacs).toBe(2 * 5 * 4 * 3 * 27);
});

it('a border of zeros is read by several convolutions, also after it was made again', async () => {
  const input = tfl.input({ shape: [4, 5, 2], name: 'x' });
  const border = tfl.layers.zeroPadding2d({ name: 'input', padding: 1 });
  const conv = (seed: number, filters = 2) =>
    tfl.layers.conv2d({
      filters,
      kernelSize: 3,
      kernelInitializer: tfl.initializers.randomNormal({ seed }),
    });
  const a = on(border, input);
  const b = on(border, on(conv(1), a));
  const sum = on(tfl.layers.add(), on(conv(2), a), on(conv(3), b), on(conv(4), a));
  await proven(tfl.model({ inputs: input, outputs: sum }));
});

it('what is not finite on the way is told, not written as JSON', async () => {
  const model = tfl.sequential({
    layers: [tfl.layers.dense({ units: 2, inputShape: [2], useBias: false })],
  });
  model.setWeights([tf.fill([2, 2], 3000.3)]);
  const { report } = await proven(model, {
    inputs: [tf.fill([1, 2], 3e38)],
    floatWeights: 'f16',
  });
  expect(report.agreement.rounding?.largestDifference).toBe(0);
});

it('a NaN goes through a max pool, as it does in the packed model', async () => {
  const model = tfl.sequential({
    layers: [tfl.layers.maxPooling2d({ poolSize: 2, inputShape: [2, 2, 1] })],
  });
  await proven(model, { inputs: [tf.tensor4d([NaN, 1, 2, 3, 4, 5, NaN, 6], [2, 2, 2, 1])] });
});

it('a model that computes nothing is refused', () => {
  const model = tfl.sequential({
    name: 'idle',
    layers: [tfl.layers.dropout({ rate: 0.5, inputShape: [3] })],
  });
  expect(() => packModel(model)).toThrow('the model "idle" computes nothing');
});
