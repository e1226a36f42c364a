/** What a network costs, counted by hand. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { surge } from '../compensator/surge.js';
import { network } from '../layers/network.fixture.js';
import { attachCompensator } from './attach-compensator.js';
import { packedKernelBytes, summarize } from './summarize.js';

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
    expect(rows[1]).toMatchObject({ name: 'n1', weightBits: 0, parameters: 20, bytes: 80 });
    expect(total.binaryShare).toBe(1);
    expect(packedKernelBytes([3, 3, 16, 32])).toBe(32 * 18);
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
