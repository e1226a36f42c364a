import { readFileSync } from 'node:fs';
import { methods } from '@surge-bnn/core';
import { augmentationKinds, datasetNames } from '@surge-bnn/data';
import { networkList } from '@surge-bnn/models';
import { finalStage, loadRecipe, progressAt, schedule } from '@surge-bnn/train';
import type { ScheduleSpec } from '@surge-bnn/train';
import { describe, expect, it } from 'vitest';
import { costOf } from './network-cost.js';
import { findRecipe, recipeNames } from './workspace.js';

it('a model file is counted to the byte before anything is trained', async () => {
  const { file } = await costOf(await loadRecipe(findRecipe('digits-small')));
  const bits = (filters: number, products: number) => filters * Math.ceil(products / 8);
  const threshold = (channels: number) => 4 * channels + Math.ceil(channels / 8);
  const affine = (channels: number) => 8 * channels;
  const payload = [
    4 * 9 * 16 + affine(16), // stem, norm0
    bits(32, 9 * 16) + Math.ceil(32 / 8) + threshold(32), // binary1, pool, norm1
    bits(64, 9 * 32) + threshold(64), // binary2, norm2
    bits(64, 9 * 64) + affine(64), // binary3, norm3
    4 * (64 * 10 + 10), // classifier
  ].reduce((a, b) => a + b);
  expect(file.payload).toBe(payload);
  expect(file.total).toBe(file.header + file.payload);
});

/**
 * Parts that recipes name and that are on their way. A recipe that needs one is checked as far as that goes; a part that is
 * there must go from this list, so that nothing stays unchecked behind it.
 */
const awaited: Readonly<Record<Kind, readonly string[]>> = {
  network: [
    'cifar-resnet-18',
    'imagenet-resnet-18',
    'imagenet-resnet-34',
    'reactnet-a',
    'resnet-20: shortcut',
    'resnet-20: downsample',
    'resnet-20: activation relu',
  ],
  method: ['adabin', 'bi-real', 'biper', 'ir-net', 'reactnet', 'recu', 'reste'],
  data: ['cifar10', 'imagenet'],
  augmentation: ['lighting', 'randomResizedCrop'],
};

type Kind = 'network' | 'method' | 'data' | 'augmentation';
type Json = Readonly<Record<string, unknown>>;

/** What a recipe names, its stages' own parts included. */
function partsOf(recipe: Json): [Kind, string][] {
  const stages = (recipe.stages ?? []) as Json[];
  return [recipe, ...stages].flatMap((json) => {
    const { network, binarizer, data, augmentation } = json as {
      network?: string | { name: string; options?: Json };
      binarizer?: string | { name: string };
      data?: { name: string };
      augmentation?: { kind: string }[];
    };
    const parts: [Kind, string][] = (augmentation ?? []).map(({ kind }) => ['augmentation', kind]);
    if (network !== undefined) parts.push(...networkParts(network));
    if (binarizer !== undefined) {
      parts.push(['method', typeof binarizer === 'string' ? binarizer : binarizer.name]);
    }
    if (data !== undefined) parts.push(['data', data.name]);
    return parts;
  });
}

function networkParts(network: string | { name: string; options?: Json }): [Kind, string][] {
  if (typeof network === 'string') return [['network', network]];
  const { name, options = {} } = network;
  const keys = Object.entries(options).map(([key, value]): [Kind, string] => [
    'network',
    value === 'relu' ? `${name}: ${key} relu` : `${name}: ${key}`,
  ]);
  return [['network', name], ...keys];
}

const known: Readonly<Record<Kind, readonly string[]>> = {
  network: networkList.flatMap(({ name, defaults }) => [
    name,
    ...Object.keys(defaults).map((key) => `${name}: ${key}`),
  ]),
  method: Object.keys(methods),
  data: datasetNames,
  augmentation: augmentationKinds,
};

function isThere([kind, name]: readonly [Kind, string]): boolean {
  return known[kind].includes(name);
}

describe('the recipes that come with the project', () => {
  const recipes = recipeNames().map((name) => {
    const json = JSON.parse(readFileSync(findRecipe(name), 'utf8')) as Json;
    const missing = partsOf(json).filter((part) => !isThere(part));
    return { name, json, missing };
  });

  it.each(recipes)('$name names parts that exist or are awaited', ({ name, json, missing }) => {
    expect(json.name).toBe(name);
    const options = Object.values(awaited.network).map((one) => one.split(':')[0]);
    const unknown = missing.filter(
      ([kind, part]) => !awaited[kind].includes(part) && !options.includes(part.split(':')[0]),
    );
    expect(unknown).toEqual([]);
  });

  it('no awaited part is there already', () => {
    const there = (Object.entries(awaited) as [Kind, string[]][]).flatMap(([kind, names]) =>
      names.filter((name) => isThere([kind, name])),
    );
    expect(there).toEqual([]);
  });

  for (const { name, missing } of recipes) {
    const waits = missing.map(([, part]) => part).join(', ');
    const title = waits === '' ? '' : ` (skipped: waits for ${waits})`;
    it.skipIf(waits !== '')(
      `${name} is valid, and binary in at least 90 % of its multiply-adds${title}`,
      async () => {
        const recipe = await loadRecipe(findRecipe(name));
        const { network } = finalStage(recipe);
        const { total } = await costOf(recipe);
        const least = network.options.precision === 'full' ? 0 : 0.9;
        expect(total.binaryShare).toBeGreaterThanOrEqual(least);
      },
    );
  }

  it('ReCU’s warms up as its authors do: a fifth more each epoch, then a cosine', () => {
    const recipe = JSON.parse(readFileSync(findRecipe('cifar10-recu'), 'utf8')) as {
      epochs: number;
      schedule: ScheduleSpec;
    };
    const factor = schedule(recipe.schedule);
    const { epochs } = recipe;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const expected =
        epoch < 4 ? (epoch + 1) / 5 : (1 + Math.cos((Math.PI * (epoch - 4)) / (epochs - 4))) / 2;
      expect(factor(progressAt(epoch * 196, 196, epochs, true))).toBeCloseTo(expected, 6);
    }
  });
});
