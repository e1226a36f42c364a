/** How small the networks of the papers ship: with the recipe, receipts and agreement of a trained one in the file. */
import { createHash } from 'node:crypto';
import { convertModel } from '@surge-bnn/converter';
import type { ConvertOptions } from '@surge-bnn/converter';
import { resolveMethod, setProgress } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { buildModel } from '@surge-bnn/models';
import type { JsonObject } from '@surge-bnn/runtime';
import { loadRecipe } from '@surge-bnn/train';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { use } from './backends.js';

beforeAll(() => use('surge-wasm'));

function network(name: string): Model {
  const method = resolveMethod('ste');
  const model = buildModel(
    { network: name, options: {} },
    {
      inputBinarizer: method.input,
      weightBinarizer: method.weight,
      seed: 1,
      inputShape: [32, 32, 3],
      classes: 10,
    },
  );
  setProgress(model, 1);
  return model;
}

const pictures = (count: number, seed: number) =>
  tf.randomNormal([count, 32, 32, 3], 0, 1, 'float32', seed);

/** As long as those of a real conversion; hashes have no structure that could be compressed. */
async function receipts(): Promise<Partial<ConvertOptions>> {
  const recipe = await loadRecipe(
    new URL('../recipes/cifar10-surge.json', import.meta.url).pathname,
  );
  const hash = (of: string) => createHash('sha256').update(of).digest('hex');
  return {
    training: JSON.parse(JSON.stringify(recipe)) as JsonObject,
    provenance: {
      converter: 'surge-bnn 0.1.0',
      recipe: recipe.name,
      checkpoint: 'averaged',
      epoch: 600,
      weights: hash('weights'),
      initialWeights: hash('initial weights'),
      engine: { backend: 'surge-native', threads: 2, isa: 'avx512' },
      data: {
        name: 'cifar10-jpeg',
        title: 'CIFAR-10 (JPEG q75 copy)',
        train: hash('train'),
        evaluation: hash('test'),
      },
    },
    pixels: {
      mean: [0.49149053835401346, 0.48210819618374695, 0.44782641242532173],
      std: [0.24694666461302792, 0.24371120524062154, 0.26143627596136343],
    },
    classes: 'airplane automobile bird cat deer dog frog horse ship truck'.split(' '),
  };
}

async function shipped(name: string, options: Partial<ConvertOptions>) {
  const model = network(name);
  const { bytes, report } = await convertModel(model, {
    inputs: [pictures(2, 1)],
    inputsAre: '10000 test images of CIFAR-10 (JPEG q75 copy)',
    ...(await receipts()),
    ...options,
  });
  model.dispose();
  expect(report.agreement.equalOutputs).toBe(2);
  expect(report.size.total).toBe(bytes.length);
  return report.size;
}

/** Channels of the norms behind ResNet-20's convolutions, the stem's first. */
const resNetNorms = [16, ...[16, 32, 64].flatMap((width) => Array<number>(6).fill(width))];

describe('ResNet-20 with float32 ends', () => {
  it('takes 43.9 kB of numbers and 52 kB as a file', async () => {
    const { payload, total } = await shipped('resnet-20', { compact: true });
    const channels = resNetNorms.reduce((a, b) => a + b, 0) + 64;
    const ends = 3 * 3 * 3 * 16 + 64 * 10 + 10;
    // Two shortcuts make channels of zeros, by a bit for each pair of channels, a byte for each filter.
    expect(payload).toBe(267_264 / 8 + 4 * (2 * channels + ends) + 8 + 16);
    expect(payload).toBeLessThanOrEqual(43_900);
    expect(total).toBeLessThanOrEqual(52_000);
  });
});

describe('VGG-Small with int8 ends', () => {
  it('takes 680 kB as a file, compressed or not', async () => {
    const sizes = [];
    for (const compact of [false, true]) {
      const calibration = { inputs: [pictures(2, 2)], inputsAre: '500 training images' };
      sizes.push(await shipped('vgg-small', { floatWeights: 'i8', calibration, compact }));
    }
    const [plain, compressed] = sizes;
    const thresholds = [128, 256, 256, 512].map((channels) => 4 * channels + channels / 8);
    const pools = (128 + 256) / 8;
    const norms = 4 * 2 * (128 + 512);
    const ends = 3 * 3 * 3 * 128 + 4 * 128 + 8192 * 10 + 4 * (10 + 10);
    const folded = thresholds.reduce((a, b) => a + b, 0) + pools + norms;
    expect(plain.payload).toBe(4_571_136 / 8 + folded + ends);
    expect(compressed.payload).toBe(plain.payload);
    expect(plain.total).toBeLessThanOrEqual(680_000);
    expect(compressed.total).toBeLessThan(plain.total);
  });
});
