/** What a network costs, counted by hand. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { surge } from '../compensator/surge.js';
import { binarizers } from '../binarizers/registry.js';
import * as layers from '../layers/index.js';
import { network } from '../layers/network.fixture.js';
import { attachCompensator } from './attach-compensator.js';
import { summarize } from './summarize.js';

beforeAll(() => tf.setBackend('cpu'));

describe('summarize', () => {
  it('counts bits, multiply-adds, OPs and bytes, without the auxiliary weights', () => {
    const model = network();
    attachCompensator(model, surge({ eta: 1 }));
    const { layers: rows, total } = summarize(model);
    const c1 = rows[0];
    // 3x3x3 bits a filter are 4 bytes with padding; 6x6 outputs of 5 filters see 27 weights each.
    expect(c1).toMatchObject({
      weightBits: 1,
      parameters: 135,
      auxiliaryParameters: 135,
      bytes: 5 * 4,
      binaryMacs: 36 * 5 * 27,
      floatMacs: 0,
      ops: (36 * 5 * 27) / 64,
    });
    expect(rows[3]).toMatchObject({ name: 'c2', outputShape: [2, 3, 4], binaryMacs: 6 * 4 * 15 });
    expect(rows[7]).toMatchObject({ name: 'd1', binaryMacs: 24 * 3, bytes: 9 });
    // Four numbers a channel are trained, a and b are shipped.
    expect(rows[1]).toMatchObject({ name: 'n1', weightBits: 0, parameters: 20, bytes: 40 });
    expect(total.binaryShare).toBe(1);
    expect(total.floatBytes).toBe(4 * total.parameters);
  });

  it('counts float inputs times 1-bit weights as FLOPs', () => {
    const model = tfl.sequential({
      layers: [
        layers.binaryConv2d({
          filters: 2,
          kernelSize: 3,
          padding: 'valid',
          inputBinarizer: 'none',
          inputShape: [5, 5, 4],
        }),
        tfl.layers.batchNormalization({ scale: false }),
        tfl.layers.flatten(),
        layers.binaryDense({ units: 7, inputBinarizer: 'none' }),
      ],
    });
    const { layers: rows, total } = summarize(model);
    const macs = 9 * 2 * 36;
    expect(rows[0]).toMatchObject({ weightBits: 1, inputBits: 32, binaryMacs: 0, floatMacs: macs });
    expect(rows[0].ops).toBe(macs);
    expect(rows.map((r) => r.bytes)).toEqual([2 * 5, 2 * 2 * 4, 0, 7 * 3]);
    expect(total.binaryShare).toBe(0);
  });

  it('counts inputs of 2 bits as two planes of bits', () => {
    const inputBinarizer = { name: 'bit', bits: 2 } as const;
    const model = tfl.sequential({
      layers: [layers.binaryDense({ units: 7, inputBinarizer, inputShape: [10] })],
    });
    const [row] = summarize(model).layers;
    expect(row).toMatchObject({ inputBits: 2, binaryMacs: 2 * 70, floatMacs: 0 });
    expect(row.ops).toBe(140 / 64);
  });

  it("counts the numbers of activations per channel, and AdaBin's values", () => {
    const conv = { filters: 4, kernelSize: 3, inputBinarizer: 'adabin', groups: 2 } as const;
    const weights = { weightBinarizer: 'adabin' } as const;
    const model = tfl.sequential({
      layers: [
        layers.maxout({ inputShape: [6, 6, 6] }),
        tfl.layers.leakyReLU(),
        layers.binaryConv2d({ ...conv, ...weights }),
        layers.binaryConv2d({ ...conv, ...weights, padValue: 0 }),
        layers.binaryConv2d({ ...conv, padValue: 0 }),
        layers.binaryConv2d({ ...conv, ...weights, inputBinarizer: 'none' }),
        tfl.layers.flatten(),
        layers.binaryDense({ units: 3, inputBinarizer: 'adabin', ...weights }),
      ],
    });
    // 27 bits a filter are 4 bytes, then 18 are 3 and 144 are 18; a convolution has two filters of ones, the dense layer one.
    expect(summarize(model).layers.map((row) => row.bytes)).toEqual([
      ...[3 * 6 * 4, 6 * 4],
      4 * 4 + 2 * 4 + 4 * (6 + 3 * 4), // shift of 6 inputs; a, the constant and b
      4 * 3 + 2 * 3 + 4 * (4 + 4 * 4), // the constant in two parts, for the border
      4 * 3 + 4 * (4 + 2 * 4), // plain signs as weights: the inputs' scale and offset
      4 * 3 + 2 * 3 + 4 * (2 * 4), // float inputs: a and b
      0,
      3 * 18 + 18 + 4 * (144 + 3 * 3),
    ]);
  });

  it('a scale is shipped, the parameters that it comes from are not', () => {
    const scale = {
      name: 'given',
      parameters: [{ name: 'half', initialValue: 1, shape: 'scalar' }],
      scale: () => tf.ones([3]),
      multipliesWeightGradient: true,
    } as const;
    const weightBinarizer = { ...binarizers.ste, name: 'scaled', scale };
    const model = tfl.sequential({
      layers: [layers.binaryDense({ units: 3, weightBinarizer, inputShape: [10] })],
    });
    expect(summarize(model).layers[0]).toMatchObject({ parameters: 31, bytes: 3 * 2 + 3 * 4 });
  });

  it('counts float layers as FLOPs', () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [5, 5, 4] }),
        tfl.layers.flatten(),
        tfl.layers.dense({ units: 7 }),
      ],
    });
    const { layers: rows, total } = summarize(model);
    expect(rows.map((r) => r.floatMacs)).toEqual([9 * 2 * 36, 0, 18 * 7]);
    expect(total.ops).toBe(9 * 2 * 36 + 18 * 7);
    expect(total.bytes).toBe(4 * model.countParams());
  });
});
