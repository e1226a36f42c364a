/** The pieces between optimizer and loop: accumulation, clipping, groups, statistics, memory. */
import { binaryLayers } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { BatchLoader, channelStatistics } from '@surge-bnn/data';
import { useEngine } from '@surge-bnn/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateModel, shuffleBinaryWeights } from './evaluate.js';
import { countCorrect } from './evaluation/tally.js';
import { batchGradients, clipGradients, imageBatches, smoothLabels } from './gradients.js';
import { compareSigns } from './layer-statistics.js';
import { recipeGroups } from './optimizers/from-recipe.js';
import { GroupedOptimizer } from './optimizers/groups.js';
import { sgd } from './optimizers/sgd.js';
import { parametersOf } from './parameters.js';
import { compensate } from './build-network.js';
import { Session } from './session.js';
import { nativeBackends } from './testing/native.js';
import { tinyImages, tinyModel, tinyRecipe } from './testing/fixture.js';

const images = tinyImages('train', 48);
const normalization = channelStatistics(images);
const shape = { inputShape: [6, 6, 1] as const, classes: 4, labelSmoothing: 0.1 };

beforeAll(async () => {
  await useEngine({ backend: 'cpu' });
});

/** No batch norm: a micro-batch then sees what it sees in the whole batch. */
function plainModel(): Model {
  const options = { seed: 7 };
  return tfl.sequential({
    layers: [
      tfl.layers.flatten({ name: 'flatten', inputShape: [6, 6, 1] }),
      tfl.layers.dense({
        name: 'hidden',
        units: 5,
        activation: 'tanh',
        kernelInitializer: tfl.initializers.glorotNormal(options),
      }),
      tfl.layers.dense({
        name: 'out',
        units: 4,
        kernelInitializer: tfl.initializers.glorotNormal(options),
      }),
    ],
  });
}

async function firstBatch(batchSize: number) {
  const loader = new BatchLoader(images, { batchSize, seed: 1, normalization, workers: 0 });
  for await (const { images: pixels, labels, count } of loader.epoch(0)) {
    return { images: Float32Array.from(pixels), labels: Int32Array.from(labels), count };
  }
  throw new Error('no batch');
}

describe('accumulation', () => {
  it.each([2, 3, 5, 16])('%i micro-batches give the gradient of the batch', async (accumulate) => {
    const model = plainModel();
    const parameters = parametersOf(model);
    const batch = await firstBatch(16);
    const whole = batchGradients(model, parameters, batch, { ...shape, accumulate: 1 });
    const parts = batchGradients(model, parameters, batch, { ...shape, accumulate });
    expect(parts.correct).toBe(whole.correct);
    expect(parts.loss).toBeCloseTo(whole.loss, 5);
    expect([...parts.gradients.keys()]).toEqual([...whole.gradients.keys()]);
    for (const [key, gradient] of whole.gradients) {
      const other = parts.gradients.get(key)?.dataSync() ?? [];
      gradient.dataSync().forEach((v: number, i: number) => expect(other[i]).toBeCloseTo(v, 6));
    }
    model.dispose();
  });
});

describe('clipping', () => {
  const values = { stem: [3, 4], aux: [100, 0], out: [0, -12] };

  function clipped(options: Parameters<typeof clipGradients>[2]) {
    const roles = { stem: 'other', aux: 'auxiliary', out: 'other' } as const;
    const variable = tf.variable(tf.zeros([2]));
    const parameters = (['stem', 'aux', 'out'] as const).map((key) => ({
      key,
      layer: key,
      role: roles[key],
      variable,
      trainable: true,
    }));
    const gradients = new Map<string, tf.Tensor>(
      Object.entries(values).map(([key, list]) => [key, tf.tensor(list)]),
    );
    clipGradients(gradients, parameters, options);
    return Object.fromEntries([...gradients].map(([key, g]) => [key, [...g.dataSync()]]));
  }

  it('by global norm leaves the auxiliaries out, of the norm and of the scaling', () => {
    // |(3, 4, 0, -12)| = 13
    const result = clipped({ globalNorm: 6.5 });
    expect(result).toEqual({ stem: [1.5, 2], aux: [100, 0], out: [0, -6] });
    expect(clipped({ globalNorm: 13 })).toEqual(values);
  });

  it('by value comes first', () => {
    const result = clipped({ value: 4, globalNorm: Math.sqrt(41) / 2 });
    expect(result.aux).toEqual([4, 0]);
    expect(result.out[1]).toBeCloseTo(-2, 6);
    expect(result.stem[0]).toBeCloseTo(1.5, 6);
  });
});

describe('parameters and groups', () => {
  it('finds roles, latent ranges and stable names', () => {
    const recipe = tinyRecipe();
    const model = tinyModel(recipe, images);
    compensate(model, recipe);
    const parameters = parametersOf(model);
    expect(parameters.map(({ key, role, trainable }) => [key, role, trainable])).toEqual([
      ['stem/kernel', 'other', true],
      ['norm0/gamma', 'normBias', true],
      ['norm0/beta', 'normBias', true],
      ['norm0/movingMean', 'normBias', false],
      ['norm0/movingVariance', 'normBias', false],
      ['binary1/kernel', 'binary', true],
      ['binary1/auxiliary', 'auxiliary', true],
      ['norm1/gamma', 'normBias', true],
      ['norm1/beta', 'normBias', true],
      ['norm1/movingMean', 'normBias', false],
      ['norm1/movingVariance', 'normBias', false],
      ['classifier/kernel', 'other', true],
      ['classifier/bias', 'normBias', true],
    ]);
    const binary = parameters.find(({ role }) => role === 'binary');
    expect(binary?.latentRange).toEqual([-1, 1]);
    model.dispose();
  });

  it('gives every role its optimizer, decay, rate and clip', () => {
    const recipe = tinyRecipe({
      'optimizer.name': 'adamw',
      'optimizer.weightDecay': 0.1,
      'groups.binary.optimizer': { name: 'bop', gamma: 0.1, threshold: 0 },
      'groups.auxiliary.learningRateFactor': 0.5,
    });
    const groups = recipeGroups(recipe);
    expect(groups.map(({ name, optimizer }) => [name, optimizer.name])).toEqual([
      ['binary', 'bop'],
      ['auxiliary', 'adamw'],
      ['normBias', 'adamw'],
      ['other', 'adamw'],
    ]);
    expect(groups[1].learningRateFactor).toBe(0.5);
  });

  it('decays only where the group says so, and clips latent weights', () => {
    const make = (role: 'binary' | 'other' | 'normBias', value: number) => ({
      key: role,
      layer: role,
      role,
      variable: tf.variable(tf.tensor([value])),
      trainable: true,
      latentRange: role === 'binary' ? ([-1, 1] as const) : undefined,
    });
    const parameters = [make('binary', 0.9), make('other', 2), make('normBias', 2)];
    const optimizer = new GroupedOptimizer(
      parameters,
      recipeGroups(
        tinyRecipe({
          'optimizer.name': 'sgd',
          'optimizer.learningRate': 1,
          'optimizer.weightDecay': 0.5,
          'groups.binary.weightDecay': 0,
        }),
      ),
    );
    optimizer.step(new Map(parameters.map(({ key }) => [key, tf.tensor([-0.5])])), 1, 1);
    const [binary, other, norm] = parameters.map(({ variable }) => variable.dataSync()[0]);
    expect(binary).toBe(1);
    expect(other).toBe(2 - (-0.5 + 0.5 * 2));
    expect(norm).toBe(2.5);
    optimizer.dispose();
  });

  it('leaves a parameter without a gradient alone', () => {
    const variable = tf.variable(tf.tensor([1]));
    const parameter = { key: 'w', layer: 'l', role: 'other', variable, trainable: true } as const;
    const group = { name: 'all', matches: () => true, optimizer: sgd({ learningRate: 1 }) };
    new GroupedOptimizer([parameter], [group]).step(new Map(), 1, 1);
    expect(variable.dataSync()[0]).toBe(1);
  });
});

describe('small parts', () => {
  it('counts the first maximum, and smooths labels to rows of sum 1', () => {
    const logits = [0, 1, 1, 5, 2, 5];
    expect(countCorrect(logits, Int32Array.of(1, 0), 3)).toBe(2);
    expect(countCorrect(logits, Int32Array.of(2, 2), 3)).toBe(0);
    const rows = [...smoothLabels(Int32Array.of(1), 4, 0.2).dataSync()];
    [0.05, 0.85, 0.05, 0.05].forEach((v, i) => expect(rows[i]).toBeCloseTo(v, 6));
  });

  it('counts flips and dead filters (last axis)', () => {
    const before = Uint8Array.of(0, 0, 0, 1, 1, 1);
    const now = Uint8Array.of(1, 0, 0, 1, 1, 0);
    // Filters 0 and 2 have a flip, filter 1 has none.
    expect(compareSigns(before, now, 3)).toEqual({ flipped: 2 / 6, deadFilters: 1 });
    expect(compareSigns(now, now, 3)).toEqual({ flipped: 0, deadFilters: 3 });
  });
});

describe.each(['cpu', 'surge-wasm', ...nativeBackends] as const)('a session on %s', (backend) => {
  it('makes no tensor in 100 steps', async () => {
    await useEngine({ backend });
    const recipe = tinyRecipe({ batchSize: 8, accumulate: 2, 'clip.globalNorm': 1, epochs: 20 });
    const model = tinyModel(recipe, images);
    compensate(model, recipe);
    const engine = { backend, threads: 1 };
    const stepsPerEpoch = 6;
    const session = new Session({ recipe, engine, model, stepsPerEpoch, dataHash: '' });
    const trainingBatch = imageBatches(model, recipe, shape);
    const loader = new BatchLoader(images, { batchSize: 8, seed: 1, normalization, workers: 0 });
    const counts: number[] = [];
    for (let epoch = 0; epoch < 18; epoch++) {
      for await (const batch of loader.epoch(epoch)) {
        session.trainStep(trainingBatch(batch));
        counts.push(tf.memory().numTensors);
      }
      session.endEpoch(undefined);
    }
    expect(counts.length).toBeGreaterThan(100);
    expect(new Set(counts.slice(1)).size).toBe(1);

    // The latent weights stay in the range that 'ste' asks for.
    const [layer] = binaryLayers(model);
    expect(Math.max(...layer.binaryKernel.read().dataSync().map(Math.abs))).toBeLessThanOrEqual(1);

    const trained = await evaluateModel(model, images, { normalization });
    shuffleBinaryWeights(model, 1);
    const shuffled = await evaluateModel(model, images, { normalization });
    expect(shuffled.accuracy).toBeLessThan(trained.accuracy);
    session.dispose();
  });
});
