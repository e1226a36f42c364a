/** All networks: their parameters and operations, counted here from the architectures alone, and what their options do. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { attachCompensator, binaryLayers, leafLayers, summarize, surge } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { InputError } from '@surge-bnn/contract';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildModel, networkList } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

type Options = Record<string, unknown>;
type Shape = [number, number, number];

const publishedOf = (network: string) => {
  const found = networkList.find((n) => n.name === network);
  if (found === undefined) throw new Error(`${network} is not listed`);
  return found;
};

/** As published where no size is given. */
function build(network: string, options: Options = {}, inputShape?: Shape): Model {
  const published = publishedOf(network);
  const [height, width, channels] = published.inputShape;
  return buildModel(
    { network, options },
    {
      inputBinarizer: 'ste',
      weightBinarizer: 'ste',
      seed: 1,
      inputShape: inputShape ?? [height, width, channels],
      classes: published.classes,
    },
  );
}

const trainable = (model: Model) =>
  model.trainableWeights.reduce((sum, w) => sum + tf.util.sizeFromShape(w.shape as number[]), 0);

const conv = (size: number, inputs: number, outputs: number) => size * size * inputs * outputs;
/** gamma and beta. */
const norm = (channels: number) => 2 * channels;
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

interface Count {
  readonly parameters: number;
  readonly binaryMacs: number;
  readonly floatMacs: number;
}

/** A ResNet with 1x1 convolutions in the shortcuts: He et al., table 1. */
function resNet(
  blocks: readonly number[],
  { stem, side, classes, lastNorm, binaryShortcuts }: Record<string, number | boolean>,
): Count {
  let parameters = conv(Number(stem), 3, 64) + norm(64);
  let floatMacs = conv(Number(stem), 3, 64) * (Number(side) * (stem === 7 ? 2 : 1)) ** 2;
  let binaryMacs = 0;
  blocks.forEach((count, stage) => {
    const channels = 64 * 2 ** stage;
    const pixels = (Number(side) / 2 ** stage) ** 2;
    const before = stage === 0 ? channels : channels / 2;
    const weights = conv(3, before, channels) + (2 * count - 1) * conv(3, channels, channels);
    parameters += weights + 2 * count * norm(channels);
    binaryMacs += pixels * weights;
    if (stage === 0) return;
    const shortcut = conv(1, before, channels);
    parameters += shortcut + norm(channels);
    if (binaryShortcuts) binaryMacs += pixels * shortcut;
    else floatMacs += pixels * shortcut;
  });
  const features = 64 * 2 ** (blocks.length - 1);
  parameters += features * Number(classes) + Number(classes) + (lastNorm ? norm(features) : 0);
  return { parameters, binaryMacs, floatMacs: floatMacs + features * Number(classes) };
}

/** MobileNet-v1's channels; 3x3 from C to C, 1x1 from C to C' whole or as two halves. */
function reActNetA(): Count {
  const channels = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];
  let parameters = conv(3, 3, 32) + norm(32) + 1024 * 1000 + 1000;
  let binaryMacs = 0;
  let side = 112;
  for (let i = 1; i < channels.length; i++) {
    const [from, to] = [channels[i - 1], channels[i]];
    if (to !== from && to !== 64) side /= 2;
    const weights = conv(3, from, from) + conv(1, from, to);
    // Two signs with a bias each, two RPReLUs with three numbers a channel, norms behind all convolutions.
    parameters += weights + norm(from) + norm(to) + 2 * from + 3 * from + 3 * to;
    binaryMacs += side * side * weights;
  }
  return { parameters, binaryMacs, floatMacs: 112 * 112 * conv(3, 3, 32) + 1024 * 1000 };
}

/** larq's tutorial prints 10,355,850 of them, 510,961,664 binary multiply-adds and 3,110,400 with float inputs. */
function binaryNet(): Count {
  const convolutions = [
    [conv(3, 3, 128), 30],
    [conv(3, 128, 128), 30],
    [conv(3, 128, 256), 15],
    [conv(3, 256, 256), 15],
    [conv(3, 256, 512), 7],
    [conv(3, 512, 512), 7],
  ];
  const dense = [3 * 3 * 512 * 1024, 1024 * 1024, 1024 * 10];
  // beta alone.
  const norms = [128, 128, 256, 256, 512, 512, 1024, 1024, 10];
  const macs = convolutions.map(([weights, side]) => weights * side * side);
  return {
    parameters: sum(convolutions.map(([weights]) => weights)) + sum(dense) + sum(norms),
    binaryMacs: sum(macs.slice(1)) + sum(dense),
    floatMacs: macs[0],
  };
}

const vggStages = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
];

/** Configuration D. */
function vgg16({ classes, hidden = 0, bias = false }: Record<string, number | boolean>): Count {
  const count = { parameters: 0, binaryMacs: 0, floatMacs: 0 };
  let from = 3;
  vggStages.flatMap((stage, i) =>
    stage.forEach((to) => {
      const weights = conv(3, from, to);
      count.parameters += weights + (bias ? to : norm(to));
      count[from === 3 ? 'floatMacs' : 'binaryMacs'] += weights * (224 / 2 ** i) ** 2;
      from = to;
    }),
  );
  const sizes = hidden
    ? [7 * 7 * 512, Number(hidden), Number(hidden), Number(classes)]
    : [512, Number(classes)];
  sizes.slice(1).forEach((to, i) => {
    count.parameters += sizes[i] * to + to;
    count.floatMacs += sizes[i] * to;
  });
  return count;
}

const imageNet = { stem: 7, side: 56, classes: 1000, lastNorm: false, binaryShortcuts: false };
const cifar = { stem: 3, side: 32, classes: 10, lastNorm: true, binaryShortcuts: true };

const counts: [network: string, counted: Count, parameters: number, ops: number, full: number][] = [
  [
    'imagenet-resnet-18',
    resNet([2, 2, 2, 2], imageNet),
    ...([11_689_512, 163_985_408, 1_814_073_344] as const),
  ],
  [
    'imagenet-resnet-34',
    resNet([3, 4, 6, 3], imageNet),
    ...([21_797_672, 192_886_784, 3_663_761_408] as const),
  ],
  // 11,173,962 is known from a ResNet-18 for CIFAR; the papers add a last batch norm.
  [
    'cifar-resnet-18',
    resNet([2, 2, 2, 2], cifar),
    ...([11_173_962 + 1024, 10_425_344, 555_422_720] as const),
  ],
  ['reactnet-a', reActNetA(), ...([29_343_592, 87_126_016, 4_828_758_016] as const)],
  // Without a head of dense layers; see below.
  [
    'imagenet-vgg-16',
    vgg16({ classes: 1000 }),
    ...([15_231_912, 325_652_480, 15_347_142_656] as const),
  ],
  [
    'binarynet',
    binaryNet(),
    ...([10_355_850, 510_961_664 / 64 + 3_110_400, 510_961_664 + 3_110_400] as const),
  ],
];

describe.each(counts)('%s', (network, counted, parameters, ops, fullOps) => {
  it('has the parameters and operations of its paper, binary and in full precision', () => {
    expect(counted.parameters).toBe(parameters);
    expect(counted.binaryMacs / 64 + counted.floatMacs).toBe(ops);
    expect(counted.binaryMacs + counted.floatMacs).toBe(fullOps);
    const binary = build(network);
    expect(trainable(binary)).toBe(parameters);
    expect(summarize(binary).total).toMatchObject({
      ops,
      binaryMacs: counted.binaryMacs,
      floatMacs: counted.floatMacs,
    });
    binary.dispose();
    const relu = 'activation' in publishedOf(network).defaults ? { activation: 'relu' } : {};
    const full = build(network, { precision: 'full', ...relu });
    expect(trainable(full)).toBe(parameters);
    expect(summarize(full).total).toMatchObject({ ops: fullOps, binaryMacs: 0 });
    full.dispose();
  });
});

/** Small, but with every stage; the smallest picture that leaves something at the end. */
const small: Record<string, { options: Options; inputShape: Shape; binary: number }> = {
  'digits-cnn': { options: { width: 2 }, inputShape: [8, 8, 1], binary: 3 },
  mlp: { options: { units: 6 }, inputShape: [4, 4, 1], binary: 2 },
  'resnet-20': { options: { width: 2 }, inputShape: [8, 8, 3], binary: 18 },
  'vgg-small': { options: { width: 2 }, inputShape: [8, 8, 3], binary: 5 },
  binarynet: { options: { width: 2 }, inputShape: [12, 12, 3], binary: 9 },
  'cifar-resnet-18': { options: { width: 2 }, inputShape: [8, 8, 3], binary: 19 },
  'imagenet-resnet-18': { options: { width: 2 }, inputShape: [32, 32, 3], binary: 16 },
  'imagenet-resnet-34': { options: { width: 2 }, inputShape: [16, 16, 3], binary: 32 },
  'imagenet-vgg-16': { options: { width: 2 }, inputShape: [36, 32, 3], binary: 12 },
  'reactnet-a': { options: { width: 2 }, inputShape: [32, 32, 3], binary: 31 },
};
const reluWhereNone = (network: string): Options =>
  network.startsWith('imagenet-resnet') ? { activation: 'relu' } : {};

it('has a small network of each kind to test', () => {
  expect(Object.keys(small).toSorted()).toEqual(networkList.map((n) => n.name).toSorted());
});

describe.each(Object.entries(small))('%s', (network, { options, inputShape, binary }) => {
  const twin = { ...options, precision: 'full', ...reluWhereNone(network) };

  it('takes SURGE in every binary layer, and has none in full precision', () => {
    const model = build(network, options, inputShape);
    attachCompensator(model, surge({ eta: 0.1 }), { seed: 1 });
    expect(binaryLayers(model)).toHaveLength(binary);
    expect(binaryLayers(model).every((l) => l.auxiliary !== undefined)).toBe(true);
    const full = build(network, twin, inputShape);
    expect(binaryLayers(full)).toEqual([]);
    expect(trainable(full)).toBe(trainable(build(network, options, inputShape)));
  });

  it.each([
    ['binary', options],
    ['full', twin],
  ])('in %s precision comes back from its topology', async (_, given) => {
    const model = build(network, given, inputShape);
    const modelTopology = model.toJSON(null, false) as object;
    const again = await tfl.loadLayersModel(tf.io.fromMemory({ modelTopology }), { strict: false });
    again.setWeights(model.getWeights());
    const picture = tf.randomNormal([2, ...inputShape], 0, 1, 'float32', 3);
    const outputs = [model, again].map((m) => m.predict(picture) as tf.Tensor);
    expect(outputs[0].shape).toEqual([2, publishedOf(network).classes]);
    expect(outputs[1].dataSync()).toEqual(outputs[0].dataSync());
  });

  it('is as wide as it is told', () => {
    const key = network === 'mlp' ? 'units' : 'width';
    const kernels = (factor: number) => {
      const wide = { ...options, [key]: Number(options[key]) * factor };
      return binaryLayers(build(network, wide, inputShape)).map((l) => l.binaryKernel.shape);
    };
    const [once, thrice] = [kernels(1), kernels(3)];
    expect(thrice.length).toBe(once.length);
    for (const [i, shape] of once.entries()) {
      const outputs = Number(shape.at(-1));
      // The classes do not become more.
      const isClassifier = network === 'binarynet' && i === once.length - 1;
      expect(thrice[i].at(-1)).toBe(isClassifier ? outputs : 3 * outputs);
    }
  });

  it('starts from weights that the seed and the names alone decide', () => {
    const weights = () =>
      leafLayers(build(network, options, inputShape)).flatMap((l) =>
        l.getWeights().map((w) => [...w.dataSync()]),
      );
    tf.randomNormal([3]).dispose();
    expect(weights()).toEqual(weights());
  });

  it.each([
    [{ precision: 'half' }, /precision must be binary or full, got "half"/],
    [{ witdh: 3 }, /unknown option.*"witdh"/],
    [{ [network === 'mlp' ? 'units' : 'width']: 0 }, /must be a whole number >= 1, got 0/],
  ])('refuses %j', (wrong, message) => {
    expect(() => build(network, wrong, inputShape)).toThrow(InputError);
    expect(() => build(network, wrong, inputShape)).toThrow(message);
  });
});

describe('the options of the ResNets', () => {
  const names = (options: Options, stage = 'layer2.0.') =>
    leafLayers(build('resnet-20', { width: 2, ...options }, [8, 8, 3]))
      .map((l) => l.name)
      .filter((name) => name.startsWith(stage))
      .map((name) => name.slice(stage.length))
      .toSorted();
  const both = ['bn1', 'bn2', 'conv1', 'conv2'];

  it.each([
    ['average', ['shortcut.pad', 'shortcut.pool']],
    ['slice', ['shortcut.pad', 'shortcut.slice']],
    ['conv', ['downsample.0', 'downsample.1']],
    ['average-conv', ['downsample.0', 'downsample.1', 'downsample.2']],
    ['binary-conv', ['downsample.0', 'downsample.1']],
  ])('downsample %s has the layers %j', (downsample, layers) => {
    expect(names({ downsample })).toEqual([...both, ...layers].toSorted());
    expect(names({ downsample }, 'layer1.0.')).toEqual(both);
  });

  it('a real or a binary 1x1 convolution in the shortcut', () => {
    const bits = (downsample: string) =>
      summarize(build('resnet-20', { downsample }, [8, 8, 3])).layers.find(
        (l) => l.name === 'layer3.0.downsample.0',
      );
    expect(bits('conv')).toMatchObject({ weightBits: 32, floatMacs: 2 * 2 * 32 * 64 });
    expect(bits('binary-conv')).toMatchObject({ weightBits: 1, binaryMacs: 2 * 2 * 32 * 64 });
  });

  it('every second pixel, from the first on', () => {
    const model = build('resnet-20', { width: 2, downsample: 'slice' }, [7, 6, 3]);
    const slice = model.getLayer('layer2.0.shortcut.slice');
    const x = tf.randomNormal([1, 7, 6, 2], 0, 1, 'float32', 3);
    const [picture] = x.arraySync() as number[][][][];
    const expected = [0, 2, 4, 6].map((r) => [0, 2, 4].map((c) => picture[r][c]));
    expect((slice.call(x, {}) as tf.Tensor).arraySync()).toEqual([expected]);
  });

  it('one shortcut per block leaves the first norm without one', () => {
    const adds = (shortcut: string) =>
      leafLayers(build('resnet-20', { width: 2, shortcut, activation: 'none' }, [8, 8, 3]))
        .filter((l) => l.getClassName() === 'Add')
        .map((l) => l.name);
    expect(adds('conv')).toHaveLength(18);
    expect(adds('block')).toHaveLength(9);
    expect(adds('block').every((name) => name.endsWith('.act2'))).toBe(true);
  });

  it('some of the blocks’ convolutions may stay real', () => {
    const floatLayers = ['layer1.0.conv1', 'layer4.1.conv2'];
    const model = build('imagenet-resnet-18', { width: 2, floatLayers }, [32, 32, 3]);
    const binary = binaryLayers(model).map(({ name }) => name);
    expect(binary).toHaveLength(14);
    expect(binary).not.toEqual(expect.arrayContaining([floatLayers[0]]));
    expect(binary).not.toEqual(expect.arrayContaining([floatLayers[1]]));
  });

  it('with or without a last norm', () => {
    const has = (lastNorm: boolean) =>
      leafLayers(build('resnet-20', { width: 2, lastNorm }, [8, 8, 3])).some(
        (l) => l.name === 'bn2',
      );
    expect([has(true), has(false)]).toEqual([true, false]);
  });

  it.each([
    [{ shortcut: 'none' }, /shortcut must be conv or block, got "none"/],
    [
      { downsample: 'max' },
      /downsample must be average, slice, conv, average-conv or binary-conv, got "max"/,
    ],
    [{ lastNorm: 1 }, /lastNorm must be true or false, got 1/],
    [{ floatLayers: ['conv1'] }, /floatLayers must be a list of its convolutions .*layer4.1.conv2/],
  ])('refuses %j', (options, message) => {
    expect(() => build('imagenet-resnet-18', options, [32, 32, 3])).toThrow(InputError);
    expect(() => build('imagenet-resnet-18', options, [32, 32, 3])).toThrow(message);
  });
});

describe('the options of VGG-16', () => {
  const vgg = (options: Options, inputShape: Shape = [32, 32, 3]) =>
    build('imagenet-vgg-16', { width: 4, ...options }, inputShape);
  const kinds = (options: Options) =>
    leafLayers(vgg(options)).map((l) => `${l.name} ${l.getClassName()}`);

  it('with a hidden size is the published network, whose parameters torchvision counts as 138,357,544', () => {
    expect(vgg16({ classes: 1000, hidden: 4096, bias: true }).parameters).toBe(138_357_544);
    const plain = {
      ...{ precision: 'full', activation: 'relu', batchNorm: false, shortcuts: false },
      ...{ hidden: 4096 / 64, width: 1 },
    };
    const channels = [1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8];
    const convolutions = channels.map((to, i) => conv(3, i === 0 ? 3 : channels[i - 1], to) + to);
    const dense = 49 * 8 * 64 + 64 + 64 * 64 + 64 + 64 * 1000 + 1000;
    const model = vgg(plain, [224, 224, 3]);
    expect(trainable(model)).toBe(sum(convolutions) + dense);
    const names = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28].map((i) => `features.${i}`);
    const found = leafLayers(model).filter((l) => l.getClassName() === 'FloatConv2D');
    expect(found.map((l) => l.name)).toEqual(names);
    expect(kinds(plain)).toEqual(
      expect.arrayContaining([
        'features.4 SurgeMaxPool2D',
        'classifier.3 Dense',
        'classifier.6 Dense',
      ]),
    );
  });

  it('has vgg16_bn’s names with batch norms', () => {
    const names = [0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40].map((i) => `features.${i}`);
    const found = leafLayers(vgg({})).filter((l) => /Conv2D$/.test(l.getClassName()));
    expect(found.map((l) => l.name)).toEqual(names);
    expect(kinds({})).toEqual(
      expect.arrayContaining(['features.41 SurgeBatchNorm', 'features.43 SurgeMaxPool2D']),
    );
  });

  it.each([
    [{ floatLayers: ['features.3', 'features.40'] }, 10],
    [{ hidden: 8 }, 14],
    [{ batchNorm: false, activation: 'none' }, 12],
    [{ batchNorm: false }, 12],
    [{ shortcuts: false, activation: 'none' }, 12],
  ])('%j: %i binary layers', (options, binary) => {
    const model = vgg(options);
    expect(binaryLayers(model)).toHaveLength(binary);
    const picture = tf.randomNormal([1, 32, 32, 3], 0, 1, 'float32', 3);
    const logits = (model.predict(picture) as tf.Tensor).dataSync();
    expect(logits.every(Number.isFinite)).toBe(true);
  });

  it.each([
    [
      { floatLayers: ['features.1'] },
      /floatLayers must be a list of its convolutions .*features.1/,
    ],
    [{ floatLayers: 'features.3' }, /floatLayers must be a list of its convolutions/],
    [{ hidden: -1 }, /hidden must be a whole number >= 0, got -1/],
    [{ batchNorm: 'yes' }, /batchNorm must be true or false, got "yes"/],
    [{ shortcuts: 1 }, /shortcuts must be true or false, got 1/],
    [{ activation: 'relu' }, /behind a relu every sign would be \+1/],
  ])('refuses %j', (options, message) => {
    expect(() => vgg(options)).toThrow(InputError);
    expect(() => vgg(options)).toThrow(message);
  });
});
