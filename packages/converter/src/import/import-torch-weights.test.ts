/** An imported network computes what PyTorch's formulas give on PyTorch's layouts. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { layers } from '@surge-bnn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  everyWeight,
  everyWeightModel,
  pictureShape,
  torchForward,
} from './every-weight.fixture.js';
import { importTorchWeights } from './import-torch-weights.js';
import * as torch from './torch-reference.fixture.js';
import type { StateDict } from './torch-reference.fixture.js';

beforeAll(() => tf.setBackend('cpu'));

const counter = { dtype: 'I64', shape: [], bytes: new Uint8Array(8) };

/** Logits of our model for a picture of PyTorch's. */
function ours(model: tfl.LayersModel, picture: torch.TorchArray): number[] {
  const [channels, height, width] = picture.shape;
  return tf.tidy(() => {
    const x = tf.tensor4d(torch.channelsLast(picture), [1, height, width, channels]);
    const y = model.predict(x);
    return Array.isArray(y) ? [] : [...y.dataSync()];
  });
}

function expectClose(given: readonly number[], expected: readonly number[]): void {
  expect(given).toHaveLength(expected.length);
  given.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 4));
}

describe('importTorchWeights', () => {
  it('gives a network with every kind of weight the outputs of PyTorch', () => {
    const state = everyWeight();
    const tensors = torch.asTensors(state, { 'head.weight': 'F64', 'norm0.running_var': 'F64' });
    for (const name of ['norm0', 'norm1', 'norm2', 'norm3']) {
      tensors.set(`${name}.num_batches_tracked`, counter);
    }
    const model = everyWeightModel();
    const before = tf.memory().numTensors;
    const report = importTorchWeights(model, tensors);
    expect(tf.memory().numTensors).toBe(before);
    for (const seed of [1, 2, 3]) {
      const picture = torch.randomArray(seed, pictureShape);
      expectClose(ours(model, picture), torchForward(state, picture).data);
    }
    expect(report.weights.map(({ tensor }) => tensor).sort()).toEqual([...state.keys()].sort());
    expect(report.ignored).toHaveLength(4);
    expect(report.remarks).toEqual([]);
    const changes = new Map(report.weights.map(({ tensor, change }) => [tensor, change]));
    const behindFlatten = 'CHW -> HWC of 6x2x3 | 6 as they are';
    for (const [name, change] of [
      ['stem.weight', 'OIHW -> HWIO'],
      ['stem.bias', 'none'],
      ['dw.weight', '[C M, 1, H, W] -> [H, W, C, M]'],
      ['act1.pr_bias0.bias', '[1, C, 1, 1] -> [C], negated'],
      ['prelu1.weight', 'repeated'],
      ['norm2.running_var', behindFlatten],
      ['act2.pr_bias0.bias', `${behindFlatten}, negated`],
      ['binary2.weight', `[out, in] -> [in, out], inputs ${behindFlatten}`],
      ['head.weight', '[out, in] -> [in, out]'],
    ]) {
      expect([name, changes.get(name)]).toEqual([name, change]);
    }
    expect(report.weights.find(({ tensor }) => tensor === 'binary1.weight')).toEqual({
      tensor: 'binary1.weight',
      dtype: 'F32',
      layer: 'binary1',
      weight: 'kernel',
      shape: [3, 3, 4, 6],
      change: 'OIHW -> HWIO',
    });
  });

  it('finds other names by the table, under a prefix, and leaves out what it is told to', () => {
    const state = everyWeight();
    const renamed = new Map(
      [...state].map(([name, array]) => {
        const reactNet = name
          .replace('act1.pr_bias0', 'block.move12')
          .replace('act1.pr_prelu', 'block.prelu1')
          .replace('act1.pr_bias1', 'block.move13')
          .replace('stem.', 'features.0.')
          // A swap: each name is taken by the other layer.
          .replace(/^prelu(\d)/, (_, n) => `prelu${3 - Number(n)}`);
        return [`module.${reactNet}`, array];
      }),
    );
    const tensors = torch.asTensors(renamed);
    tensors.set('module.teacher.weight', counter);
    tensors.set('module.step', counter);
    const model = everyWeightModel();
    const report = importTorchWeights(model, tensors, {
      prefix: 'module.',
      ignore: ['teacher', 'step'],
      names: {
        'features.0': 'stem',
        'block.move12': 'act1/shiftBefore',
        // The tensor's own name does, too.
        'block.prelu1.weight': 'act1/alpha',
        'block.move13': 'act1/shiftAfter',
        prelu1: 'prelu2',
        prelu2: 'prelu1',
      },
    });
    expect(report.ignored).toEqual(['teacher.weight', 'step']);
    const picture = torch.randomArray(4, pictureShape);
    expectClose(ours(model, picture), torchForward(state, picture).data);
  });

  it("brings another epsilon of PyTorch's into the variance", () => {
    const state = everyWeight();
    const model = everyWeightModel();
    const { weights } = importTorchWeights(model, torch.asTensors(state), { epsilon: 0.25 });
    const epsilons = weights.filter(({ change }) => change.includes('for epsilon 0.25'));
    expect(epsilons.map(({ weight }) => weight)).toEqual([
      ...['movingVariance', 'moving_variance', 'movingVariance', 'movingVariance'],
    ]);
    const names = ['norm0', 'norm1', 'norm2', 'norm3'].map((name) => `${name}.running_var`);
    const moved: StateDict = new Map(
      [...state].map(([name, { shape, data }]) => [
        name,
        { shape, data: names.includes(name) ? data.map((v) => v + 0.25 - 1e-5) : data },
      ]),
    );
    const picture = torch.randomArray(5, pictureShape);
    expectClose(ours(model, picture), torchForward(moved, picture).data);
  });

  it('permutes behind layers that keep the order, and not behind those that make a new one', () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.maxPooling2d({ poolSize: 2, inputShape: [4, 6, 2] }),
        tfl.layers.reshape({ targetShape: [12] }),
        layers.hardTanh(),
        tfl.layers.dropout({ rate: 0.5 }),
        tfl.layers.dense({ name: 'a', units: 4, activation: 'relu' }),
        tfl.layers.dense({ name: 'b', units: 4 }),
      ],
    });
    const state: StateDict = new Map([
      ['a.weight', torch.randomArray(1, [4, 12])],
      ['a.bias', torch.randomArray(2, [4])],
      ['b.weight', torch.randomArray(3, [4, 4])],
      ['b.bias', torch.randomArray(4, [4])],
    ]);
    const { weights } = importTorchWeights(model, torch.asTensors(state));
    expect(weights.map(({ change }) => change)).toEqual([
      '[out, in] -> [in, out], inputs CHW -> HWC of 2x2x3',
      'none',
      '[out, in] -> [in, out]',
      'none',
    ]);
  });

  it('tells of zeros where only their sign counts', () => {
    const model = tfl.sequential({
      layers: [layers.binaryDense({ name: 'd', units: 2, inputShape: [2] })],
    });
    const tensors = torch.asTensors(
      new Map([['d.weight', { shape: [2, 2], data: [0, 1, -0, -1] }]]),
    );
    const { remarks } = importTorchWeights(model, tensors);
    expect(remarks).toEqual([
      '"d.weight" holds 2 zero(s), whose sign is +1 here; torch.sign has 0 for them',
    ]);
  });
});
