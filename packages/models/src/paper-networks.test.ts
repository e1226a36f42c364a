/** The networks from the papers: their structure, counted by hand, and what their options do. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {
  attachCompensator,
  BinaryConv2D,
  binaryLayers,
  layerCalls,
  leafLayers,
  setProgress,
  summarize,
  surge,
} from '@surge-bnn/core';
import { InputError } from '@surge-bnn/contract';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildModel, networkList, torchNames } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

function build(network: string, options: Record<string, unknown> = {}, size = 32) {
  return buildModel(
    { network, options },
    {
      inputBinarizer: 'ste',
      weightBinarizer: 'ste',
      seed: 1,
      inputShape: [size, size, 3],
      classes: 10,
    },
  );
}

const trained = (model: ReturnType<typeof build>) =>
  model.trainableWeights.reduce((sum, w) => sum + tf.util.sizeFromShape(w.shape as number[]), 0);

/** A 3x3 convolution without bias. */
const conv = (inputs: number, outputs: number) => 9 * inputs * outputs;
/** gamma and beta. */
const norm = (channels: number) => 2 * channels;

/** 269,722 is the figure known for ResNet-20 without convolutions in the shortcuts; the papers add a last batch norm. */
const resNet20 =
  conv(3, 16) +
  norm(16) +
  (6 * conv(16, 16) + 6 * norm(16)) +
  (conv(16, 32) + 5 * conv(32, 32) + 6 * norm(32)) +
  (conv(32, 64) + 5 * conv(64, 64) + 6 * norm(64)) +
  (64 * 10 + 10);

const vggSmall =
  [conv(3, 128), conv(128, 128), conv(128, 256), conv(256, 256), conv(256, 512), conv(512, 512)]
    .concat([norm(128), norm(128), norm(256), norm(256), norm(512), norm(512)])
    .reduce((a, b) => a + b) +
  (4 * 4 * 512 * 10 + 10);

describe('resnet-20', () => {
  it('has the parameters of the papers, binary or not', () => {
    expect(resNet20).toBe(269_722);
    for (const precision of ['binary', 'full']) {
      expect(trained(build('resnet-20', { precision }))).toBe(resNet20 + norm(64));
    }
  });

  it('does 40.5 million multiply-adds, all but stem and classifier of bits', () => {
    const { total, layers } = summarize(build('resnet-20'));
    const stem = 32 * 32 * conv(3, 16);
    const inner =
      32 * 32 * 6 * conv(16, 16) +
      16 * 16 * (conv(16, 32) + 5 * conv(32, 32)) +
      8 * 8 * (conv(32, 64) + 5 * conv(64, 64));
    expect(total).toMatchObject({ binaryMacs: inner, floatMacs: stem + 640 });
    expect(inner + stem + 640).toBe(40_551_040);
    expect(layers.filter((l) => l.weightBits === 1)).toHaveLength(18);
    const full = summarize(build('resnet-20', { precision: 'full' })).total;
    expect(full).toMatchObject({ binaryMacs: 0, floatMacs: 40_551_040 });
  });

  it('halves the picture at the second and third stage, of odd sizes too', () => {
    const sizes = (size: number) =>
      summarize(build('resnet-20', { width: 2 }, size))
        .layers.filter((l) => /^layer\d\.2\.bn2$/.test(l.name))
        .map((l) => l.outputShape);
    expect(sizes(32)).toEqual([
      [32, 32, 2],
      [16, 16, 4],
      [8, 8, 8],
    ]);
    expect(sizes(15)).toEqual([
      [15, 15, 2],
      [8, 8, 4],
      [4, 4, 8],
    ]);
  });

  it('is its shortcuts alone where the convolutions give nothing', () => {
    const model = build('resnet-20', { width: 2, activation: 'none' }, 8);
    for (const layer of leafLayers(model)) {
      // gamma = 0, beta = 0: nothing comes through but the shortcuts.
      if (!/^layer.*bn/.test(layer.name)) continue;
      const [gamma, ...rest] = layer.getWeights();
      layer.setWeights([tf.zerosLike(gamma), ...rest]);
    }
    const picture = tf.randomNormal([1, 8, 8, 3], 0, 1, 'float32', 3);
    const outputOf = (name: string) => {
      const outputs = model.getLayer(name).output as tfl.SymbolicTensor;
      const until = tfl.model({ inputs: model.inputs, outputs });
      return (until.predict(picture) as tf.Tensor).arraySync() as number[][][][];
    };
    const stem = outputOf('bn1')[0];
    const last = outputOf('layer3.2.act2')[0];
    for (const [r, c, channel] of [
      [0, 0, 0],
      [1, 0, 1],
      [1, 1, 0],
    ]) {
      let sum = 0;
      for (let i = 0; i < 16; i++) sum += stem[4 * r + (i >> 2)][4 * c + (i & 3)][channel] / 16;
      // Channels 2 -> 4 -> 8: one before, then two before.
      expect(last[r][c][channel + 3]).toBeCloseTo(sum, 5);
      expect([0, 1, 2, 5, 6, 7].map((i) => last[r][c][i])).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });
});

describe('vgg-small', () => {
  it('has the parameters of the papers, binary or not', () => {
    expect(vggSmall).toBe(4_660_106);
    for (const precision of ['binary', 'full']) {
      const model = build('vgg-small', { precision });
      expect(trained(model)).toBe(vggSmall);
      model.dispose();
    }
  });

  it('pools before the batch norm, and the dense layer sees 4x4x512', () => {
    const model = build('vgg-small');
    const names = leafLayers(model).map((l) => l.name);
    // The hardtanh is computed with the batch norm.
    expect(names.slice(names.indexOf('conv1'), names.indexOf('conv2'))).toEqual([
      'conv1',
      'pool1',
      'bn1',
    ]);
    const { layers, total } = summarize(model);
    expect(layers.find((l) => l.name === 'features')?.outputShape).toEqual([8192]);
    expect(total.floatMacs).toBe(32 * 32 * conv(3, 128) + 81_920);
    expect(total.binaryMacs).toBe(
      32 * 32 * conv(128, 128) +
        16 * 16 * (conv(128, 256) + conv(256, 256)) +
        8 * 8 * (conv(256, 512) + conv(512, 512)),
    );
    model.dispose();
  });
});

describe('reactnet-a', () => {
  const names = ['ste', 'reactnet', 'bnext'] as const;
  const make = (name: (typeof names)[number]) => {
    const context = { inputBinarizer: name, weightBinarizer: name, seed: 1, classes: 10 } as const;
    const spec = { network: 'reactnet-a', options: { width: 2 } };
    return buildModel(spec, { ...context, inputShape: [32, 32, 3] });
  };

  it.each(names)('has one shift in front of each binary convolution with %s', async (name) => {
    const model = make(name);
    const { calls } = layerCalls(model);
    const producer = new Map(calls.map((call) => [call.output, call.layer]));
    const binary = calls.filter(({ layer }) => layer instanceof BinaryConv2D);
    expect(binary).toHaveLength(31);
    for (const { layer, inputs } of binary) {
      const before = inputs.map((id) => producer.get(id)?.getClassName());
      // The kernel is all that the layer itself learns.
      expect([layer.name, before, layer.weights.length]).toEqual([layer.name, ['ChannelBias'], 1]);
    }
    expect(trained(model)).toBe(trained(make('ste')));
    expect(torchNames(model, ['feature.3.move11.bias', 'feature.3.move21.bias'])).toEqual({});

    // A shift that turns every sign turns the convolution's sums, in a saved copy as well.
    const modelTopology = model.toJSON(null, false) as object;
    const again = await tfl.loadLayersModel(tf.io.fromMemory({ modelTopology }), { strict: false });
    again.setWeights(model.getWeights());
    setProgress(again, 1);
    again.getLayer('feature.1.move11').setWeights([tf.fill([2], -1e6)]);
    const outputs = again.getLayer('feature.1.binary_3x3').output as tfl.SymbolicTensor;
    const until = tfl.model({ inputs: again.inputs, outputs });
    const sums = until.predict(tf.randomNormal([1, 32, 32, 3], 0, 1, 'float32', 3)) as tf.Tensor;
    const [kernel] = again.getLayer('feature.1.binary_3x3').getWeights();
    const weights = kernel.dataSync<'float32'>();
    // In the middle all 18 inputs are -1; the methods' scale is mean |W|, or 1.
    const filter = weights.filter((_, i) => i % 2 === 0);
    const scale = name === 'reactnet' ? filter.reduce((s, w) => s + Math.abs(w), 0) / 18 : 1;
    const expected = -scale * filter.reduce((s, w) => s + (w < 0 ? -1 : 1), 0);
    const middle = (sums.arraySync() as number[][][][])[0][5][5][0];
    expect(middle).toBeCloseTo(expected, 4);
  });
});

describe.each(['resnet-20', 'vgg-small'])('%s', (network) => {
  it('is listed', () => {
    expect(networkList.map((n) => n.name)).toContain(network);
  });

  it('takes SURGE in every binary layer, and has none in full precision', () => {
    const model = build(network, { width: 2 }, 8);
    attachCompensator(model, surge({ eta: 0.1 }), { seed: 1 });
    const binary = binaryLayers(model);
    expect(binary).toHaveLength(network === 'resnet-20' ? 18 : 5);
    expect(binary.every((l) => l.auxiliary !== undefined)).toBe(true);
    expect(binaryLayers(build(network, { width: 2, precision: 'full' }, 8))).toEqual([]);
  });

  it.each(['binary', 'full'])('in %s precision comes back from its topology', async (precision) => {
    const model = build(network, { width: 2, precision }, 8);
    const modelTopology = model.toJSON(null, false) as object;
    const again = await tfl.loadLayersModel(tf.io.fromMemory({ modelTopology }), { strict: false });
    again.setWeights(model.getWeights());
    const picture = tf.randomNormal([2, 8, 8, 3], 0, 1, 'float32', 3);
    const outputs = [model, again].map((m) => (m.predict(picture) as tf.Tensor).dataSync());
    expect(outputs[1]).toEqual(outputs[0]);
  });

  it('starts from weights that the seed and the names alone decide, Kaiming-normal', () => {
    const weights = (name: string, options = {}) =>
      build(network, { width: 16, ...options }, 8)
        .layers.find((l) => l.name === name)
        ?.getWeights()[0]
        .dataSync<'float32'>();
    const inner = network === 'resnet-20' ? 'layer3.1.conv1' : 'conv4';
    expect(weights(inner)).toEqual(weights(inner));
    expect(weights(inner, { precision: 'full' })).toEqual(weights(inner));
    const values = weights(inner) ?? new Float32Array();
    const fanIn = network === 'resnet-20' ? 9 * 64 : 9 * 32;
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    // TF.js cuts the normal distribution off at two deviations, which leaves 0.88 of the deviation.
    expect(deviation / (0.8796 * Math.sqrt(2 / fanIn))).toBeCloseTo(1, 1);
  });

  it.each([
    [{ width: 0 }, /width must be a whole number >= 1, got 0/],
    [{ precision: 'half' }, /precision must be binary or full, got "half"/],
    [{ activation: 'gelu' }, /activation must be hardtanh, relu or none, got "gelu"/],
    [{ activation: 'relu' }, /behind a relu every sign would be \+1/],
    [{ padValue: 2 }, /padValue must be 0, 1 or -1, got 2/],
    [{ precision: 'full', activation: 'none' }, /would be linear/],
    [{ witdh: 3 }, /did you mean "width"/],
    [{ momentum: 1 }, /momentum must lie in \[0, 1\)/],
  ])('refuses %j', (options, message) => {
    const make = () => build(network, options, 8);
    expect(make).toThrow(InputError);
    expect(make).toThrow(message);
  });
});
