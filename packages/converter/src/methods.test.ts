/** Every published method converts and agrees bit for bit; what is not binary yet is refused. */
import '@tensorflow/tfjs-backend-cpu';
import { layers, methods, resolveMethod, setProgress, summarize } from '@surge-bnn/core';
import type { MethodSpec, Model } from '@surge-bnn/core';
import type { PadValue } from '@surge-bnn/contract';
import { decodeModel } from '@surge-bnn/runtime';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from './convert.js';

beforeAll(() => tf.setBackend('cpu'));

interface Case {
  readonly spec: MethodSpec;
  readonly padValue: PadValue;
  readonly floatInputs?: boolean;
}

/** A batch norm, two binary convolutions over sequences (the second in two groups and with a stride) and a binary dense layer, all behind a maxout but the first; every weight random. */
function sequences({ spec, padValue, floatInputs = false }: Case): Model {
  const method = resolveMethod(spec);
  const both = {
    inputBinarizer: floatInputs ? 'none' : method.input,
    weightBinarizer: method.weight,
  } as const;
  const binary = { ...both, kernelSize: 3, padding: 1, padValue } as const;
  return randomized(
    tfl.sequential({
      layers: [
        layers.batchNorm({ name: 'norm', inputShape: [9, 4] }),
        layers.binaryConv1d({ ...binary, name: 'first', filters: 6 }),
        layers.maxout({ name: 'maxout1' }),
        layers.binaryConv1d({ ...binary, name: 'second', filters: 4, groups: 2, strides: 2 }),
        layers.maxout({ name: 'maxout2' }),
        tfl.layers.flatten({ name: 'flatten' }),
        layers.binaryDense({ ...both, name: 'dense', units: 3 }),
      ],
    }),
  );
}

/** Stem, two binary convolutions (the second in two groups, with a stride) and a binary dense layer; every weight random. */
function network({ spec, padValue, floatInputs = false }: Case): Model {
  const method = resolveMethod(spec);
  const both = {
    inputBinarizer: floatInputs ? 'none' : method.input,
    weightBinarizer: method.weight,
  } as const;
  const binary = { ...both, kernelSize: 3, padding: 1, padValue } as const;
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ name: 'stem', filters: 6, kernelSize: 3, inputShape: [7, 6, 2] }),
      layers.binaryConv2d({ ...binary, name: 'first', filters: 8 }),
      layers.batchNorm({ name: 'norm' }),
      layers.rprelu({ name: 'rprelu' }),
      layers.binaryConv2d({ ...binary, name: 'second', filters: 6, groups: 2, strides: 2 }),
      tfl.layers.flatten({ name: 'flatten' }),
      layers.binaryDense({ ...both, name: 'dense', units: 5 }),
    ],
  });
  return randomized(model);
}

/** Trained to the end, as it were, with random weights. */
function randomized(model: Model): Model {
  setProgress(model, 1);
  const drawn = model.weights.map(({ shape, originalName }, i) => {
    const t = tf.randomNormal(shape.map(Number), 0, 0.5, 'float32', i + 1);
    // A variance is positive; AdaBin's scale of the inputs may be anything but 0, here once of either sign.
    return originalName.toLowerCase().includes('variance') ? tf.abs(t) : t;
  });
  model.setWeights(drawn);
  tf.dispose(drawn);
  return model;
}

async function agreement(model: Model) {
  const shape = model.inputs[0].shape.slice(1).map(Number);
  const x = tf.randomNormal([9, ...shape], 0, 1, 'float32', 77);
  const conversion = await convertModel(model, { inputs: [x], inputsAre: 'random pictures' });
  x.dispose();
  return conversion;
}

/**
 * What `summarize` counts is what stands in the file behind the header's length and the header. A maxout keeps sums and signs apart, so
 * that nothing is folded into thresholds; a scale of the inputs that is negative ships one factor more for each channel (BiT's never is).
 */
function expectBytes(model: Model, file: Uint8Array, spec: MethodSpec): void {
  const header = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  const isBiT = (typeof spec === 'string' ? spec : spec.name) === 'bit';
  const negative = model.layers.flatMap((layer) => {
    const scales = layer.weights.filter(({ originalName }) => originalName.endsWith('inputScale'));
    const channels = (layer.input as tfl.SymbolicTensor).shape.at(-1);
    return scales.filter((w) => !isBiT && w.read().dataSync()[0] < 0).map(() => Number(channels));
  });
  const factors = 4 * negative.reduce((a, b) => a + b, 0);
  expect(summarize(model).total.bytes + factors).toBe(file.length - 8 - header);
}

const specs: MethodSpec[] = [
  ...Object.keys(methods),
  { name: 'recu', scale: 'learnable' },
  { name: 'biper', scale: 'learnable' },
  { name: 'adabin', offset: 'paper' },
  { name: 'bit', set: 'unsigned' },
  { name: 'bit', set: 'unsigned', shift: false },
];

describe.each(specs.map((spec) => ({ title: JSON.stringify(spec), spec })))(
  '$title',
  ({ spec }) => {
    it.each([0, 1, -1] as const)('padded with %d, agrees bit for bit', async (padValue) => {
      const model = network({ spec, padValue });
      const { report, bytes } = await agreement(model);
      expect(report.agreement).toMatchObject({ equalOutputs: 9, largestDifference: 0 });
      const { graph } = decodeModel(bytes);
      const ops = graph.nodes.map(({ op }) => op);
      expect(ops).toContain('binaryConv2d');
      expect(ops).toContain('binaryDense');
      model.dispose();
    });

    it.each([0, 1, -1] as const)('over sequences padded with %d, too', async (padValue) => {
      const model = sequences({ spec, padValue });
      const { report, bytes } = await agreement(model);
      expect(report.agreement).toMatchObject({ equalOutputs: 9, largestDifference: 0 });
      const packed = decodeModel(bytes).graph.nodes.filter(({ op }) => op === 'binaryConv2d');
      for (const name of ['first', 'second']) expect(packed.map((n) => n.name)).toContain(name);
      expectBytes(model, bytes, spec);
      model.dispose();
    });

    it.each([
      ['pictures', network],
      ['sequences', sequences],
    ])('of %s with float inputs, too', async (_, make) => {
      const model = make({ spec, padValue: 0, floatInputs: true });
      const { report, bytes } = await agreement(model);
      expect(report.agreement).toMatchObject({ equalOutputs: 9, largestDifference: 0 });
      if (make === sequences) expectBytes(model, bytes, spec);
      model.dispose();
    });
  },
);

describe('weights that are still real', () => {
  it.each([
    [{ name: 'biper' }, 0.25, 'at p = 0.25 of the training "biper" computes with real values'],
    [{ name: 'biper' }, 0.25, 'or call setProgress(model, 1) if its training is over'],
    // No p makes these signs.
    [{ name: 'biper', realUntil: 1 }, 1, /train on until they are signs$/],
    [{ name: 'reactnet', weights: 'real' }, 0.5, /train on until they are signs$/],
    [{ name: 'bnext' }, 0.2, '(clip(W / T, -1, 1))'],
  ])('%j at p = %d are refused', async (spec, p, message) => {
    const model = network({ spec, padValue: 1 });
    setProgress(model, p);
    await expect(agreement(model)).rejects.toThrow(message);
    await expect(agreement(model)).rejects.toThrow(
      'layer "first" (BinaryConv2D) cannot be converted',
    );
    model.dispose();
  });

  it('are signs in a trained model that was saved and loaded', async () => {
    const model = network({ spec: 'biper', padValue: 1 });
    const modelTopology = model.toJSON(null, false) as object;
    const again = await tfl.loadLayersModel(tf.io.fromMemory({ modelTopology }), { strict: false });
    again.setWeights(model.getWeights());
    const { report } = await agreement(again);
    expect(report.agreement).toMatchObject({ equalOutputs: 9, largestDifference: 0 });
    for (const one of [model, again]) one.dispose();
  });
});
