/**
 * A training small enough for a test: four classes of noisy 6x6 pictures and a network of one binary
 * convolution. Everything is derived from fixed seeds.
 */
import { layers, resolveMethod } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { seedFor } from '@surge-bnn/contract';
import { makeImageSet, randomStream } from '@surge-bnn/data';
import type { ImageSet, PublishedSplit } from '@surge-bnn/data';
import { useEngine } from '@surge-bnn/engine';
import type { BackendName } from '@surge-bnn/engine';
import * as tfl from '@tensorflow/tfjs-layers';
import { engineStart } from '../engine-record.js';
import { applyOverrides, parseRecipe } from '../recipe/recipe.js';
import { defaultParts } from '../parts.js';
import type { Parts } from '../parts.js';
import type { Recipe, RecipeInput } from '../recipe/schema.js';

const size = 6;

/** Class c brightens the quadrant c of a noisy picture. */
export function tinyImages(split: PublishedSplit, count: number): ImageSet {
  const random = randomStream(5, `tiny/${split}`);
  const images = new Uint8Array(count * size * size);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = i % 4;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const quadrant = (y >= size / 2 ? 2 : 0) + (x >= size / 2 ? 1 : 0);
        const light = quadrant === labels[i] ? 110 : 60;
        images[(i * size + y) * size + x] = light + random.integer(100);
      }
    }
  }
  return makeImageSet({
    name: 'tiny',
    split,
    images,
    labels,
    count,
    height: size,
    width: size,
    channels: 1,
    classes: ['0', '1', '2', '3'],
    origin: 'made up',
  });
}

/** Float stem, batch norm, one binary convolution, batch norm, dense classifier. */
export function tinyModel(recipe: Recipe, set: ImageSet): Model {
  const { seed } = recipe;
  const method = resolveMethod(recipe.binarizer);
  return tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        name: 'stem',
        filters: 4,
        kernelSize: 3,
        padding: 'same',
        useBias: false,
        inputShape: [set.height, set.width, set.channels],
        kernelInitializer: tfl.initializers.heNormal({ seed: seedFor(seed, 'stem') }),
      }),
      layers.batchNorm({ name: 'norm0' }),
      layers.binaryConv2d({
        name: 'binary1',
        filters: 6,
        kernelSize: 3,
        inputBinarizer: method.input,
        weightBinarizer: method.weight,
        seed: seedFor(seed, 'binary1'),
      }),
      layers.batchNorm({ name: 'norm1' }),
      tfl.layers.flatten({ name: 'flatten' }),
      tfl.layers.dense({
        name: 'classifier',
        units: set.classes.length,
        kernelInitializer: tfl.initializers.glorotNormal({ seed: seedFor(seed, 'classifier') }),
      }),
    ],
  });
}

/** Parts with the tiny images and network on the named backend. */
export function tinyParts(backend: BackendName = 'surge-wasm', threads?: number): Parts {
  return {
    workers: 0,
    async engine({ binaryGradients, auxiliaryGradients }) {
      const spec = { threads, binaryGradients, auxiliaryGradients };
      return engineStart(await useEngine({ ...spec, backend }), { ...spec, backend: 'auto' });
    },
    async data() {
      return {
        train: tinyImages('train', 52),
        evaluation: tinyImages('test', 24),
        evaluatedOn: 'test',
      };
    },
    annotated: (which) => defaultParts.annotated(which),
    texts: (which) => defaultParts.texts(which),
    model: tinyModel,
  };
}

const recipe: RecipeInput = {
  name: 'tiny',
  data: { name: 'tiny' },
  network: 'tiny',
  compensator: { eta: 0.3, lambda: { movingAverage: 0.5 } },
  optimizer: { name: 'adam', learningRate: 0.02 },
  schedule: { type: 'cosine', from: 1, to: 0 },
  epochs: 4,
  batchSize: 16,
  seed: 3,
  augmentation: [{ kind: 'shift', maxPixels: 1 }],
};

/** A recipe for them: 4 epochs of 4 steps with SURGE, a moving-average lam, augmentation and a schedule. */
export function tinyRecipe(overrides: Readonly<Record<string, unknown>> = {}): Recipe {
  return applyOverrides(parseRecipe(recipe), overrides);
}
