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
