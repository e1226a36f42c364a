import '@tensorflow/tfjs-backend-cpu';
import { layers } from '@surge-bnn/core';
import { PackedModel } from '@surge-bnn/runtime';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { DisagreementError, proveAgreement } from './agreement.js';
import { convertModel } from './convert.js';
import { packModel } from './pack.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const binary = (seed: number) =>
  tfl.sequential({
    name: 'net',
    layers: [
      layers.binaryDense({ name: 'binary', units: 4, seed, inputShape: [6] }),
      layers.batchNorm(),
    ],
  });

describe('the proof', () => {
  it('fails for a packed model of other weights, with how often and where', async () => {
    const other = PackedModel.from(packModel(binary(2)).source);
    const x = () => tf.randomNormal([10, 6], 0, 1, 'float32', 1);
    const proof = proveAgreement(binary(1), other, { inputs: [x(), x()], inputsAre: 'noise' });
    await expect(proof).rejects.toThrow(DisagreementError);
    await expect(proof).rejects.toThrow(
      /disagrees with the trained network "net" on \d+ of 20 inputs \(output \d of input \d+ is \S+ instead of \S+\); no file was made/,
    );
  });

  it('tells 0 from -0', async () => {
    const leaky = (alpha: number) =>
      tfl.sequential({ layers: [tfl.layers.leakyReLU({ alpha, inputShape: [1] })] });
    // -1 becomes -0 with alpha 0, and 0 with alpha -0.
    const packed = PackedModel.from(packModel(leaky(-0)).source);
    const proof = proveAgreement(leaky(0), packed, {
      inputs: [tf.tensor2d([[-1]])],
      inputsAre: 'one number',
    });
    await expect(proof).rejects.toThrow('is 0 instead of -0');
  });

  it('lists what float16 changed: the input and its margin before', async () => {
    const model = tfl.sequential({
      layers: [tfl.layers.dense({ units: 2, useBias: false, inputShape: [1] })],
    });
    // Neighbours of 1 in float16 lie 2^-10 apart, so both weights become 1 and the first class wins.
    model.setWeights([tf.tensor2d([[1.0001, 1.0003]])]);
    const { report } = await convertModel(model, {
      inputs: [tf.tensor2d([[0], [1]])],
      inputsAre: 'two numbers',
      floatWeights: 'f16',
    });
    const { equalOutputs, rounding } = report.agreement;
    expect(equalOutputs).toBe(2);
    expect(rounding?.of).toEqual(['float16 kernels']);
    expect(rounding?.differentPredictions.map(({ input }) => input)).toEqual([1]);
    expect(rounding?.differentPredictions[0].margin).toBeCloseTo(0.0002, 6);
    expect(rounding?.largestDifference).toBeCloseTo(0.0003, 6);
  });
});
